/** Proof that something built really works: a page that a robot hears of, a robot that a client hears. */
import type { FoxgloveClient } from "../../client.ts";
import { openPage } from "../support/chromium.ts";
import { startChild } from "../support/child.ts";

const LIMIT_MS = 60_000;
const IN_A_ROW = 3;

/** What a part of a page says of each count that it has received. */
interface Seen {
  where: "page" | "worker";
  count: number;
}

/** Opens a page, and waits until it and its worker have told a robot of some counts in a row. */
export async function pageReceives(url: string): Promise<void> {
  // Loaded late: source that does not load is a failure of this run alone.
  const { startRobot } = await import("../../tests/browser/robot.ts");
  const robot = await startRobot();
  try {
    await withClient(robot.url, async (client) => {
      const page = await openPage(`${url}?server=${robot.url}`);
      await bothHeard(client).finally(() => page.close());
    });
  } finally {
    await robot.close();
  }
}

async function bothHeard(client: FoxgloveClient): Promise<void> {
  const rows = { page: new Row(), worker: new Row() };
  for await (const { value } of client.subscribe<Seen>("/echo")) {
    if (value !== undefined) rows[value.where].add(value.count);
    if (rows.page.isLong && rows.worker.isLong) return;
  }
  throw new Error(
    `The page was not heard of in time, heard were ${rows.page} counts of it, ${rows.worker} of its worker`,
  );
}

/** Starts a program that says where it listens; it must publish counts and add two numbers. */
export async function serviceServes([program = "", ...args]: readonly string[], cwd: string): Promise<void> {
  const service = await startChild(program, /^ws:\S+/, { args, cwd, env: { PORT: "0" } });
  try {
    await withClient(service.ready[0], countsAndAdds);
  } finally {
    await service.stop();
  }
}

async function countsAndAdds(client: FoxgloveClient): Promise<void> {
  const row = new Row();
  for await (const { value } of client.subscribe<{ count: number }>("/counter")) {
    if (value !== undefined) row.add(value.count);
    if (row.isLong) break;
  }
  const { sum } = await client.callService<{ sum: number }>("/add", { a: 1, b: 2 });
  if (sum !== 3) throw new Error(`The sum of 1 and 2 came as ${sum}`);
}

/** Lends a client, and closes it at the latest when the time is over. */
async function withClient(url: string, use: (client: FoxgloveClient) => Promise<void>): Promise<void> {
  const { connect } = await import("../../client.ts");
  const client = await connect(url);
  const limit = setTimeout(() => void client.close(), LIMIT_MS);
  try {
    await use(client);
  } finally {
    clearTimeout(limit);
    await client.close();
  }
}

/** Counts that came one after the other. */
class Row {
  #last = NaN;
  #length = 0;

  get isLong(): boolean {
    return this.#length >= IN_A_ROW;
  }

  add(count: number): void {
    this.#length = count === this.#last + 1 ? this.#length + 1 : 1;
    this.#last = count;
  }

  toString(): string {
    return `${this.#length}`;
  }
}
