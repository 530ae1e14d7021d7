/** `./workers` in workerd: the suites of the adapters. */
import { assertEquals, assertGreater } from "@std/assert";
import { within } from "../../src/util/async.ts";
import { hostTest } from "../support/hosts.ts";
import { runtime } from "../support/test.ts";
import { startWorker } from "../support/workerd.ts";
import type { RowReport } from "./workerd_suites.ts";

const LIMIT_MS = 20_000;

async function ask<T>(url: URL): Promise<T> {
  return await (await fetch(url)).json() as T;
}

async function playAll(url: URL, suite: string): Promise<RowReport[]> {
  const rows = (await ask<string[]>(new URL("/rows", url))).entries();
  const reports: RowReport[] = [];
  for (const [row, name] of rows) {
    if (!name.startsWith(`${suite}: `)) continue;
    const report = ask<RowReport>(new URL(`/play?row=${row}`, url));
    reports.push(await within(report, `end of "${name}"`, { timeoutMs: LIMIT_MS }));
  }
  return reports;
}

function suite(name: string, least: number): void {
  hostTest(`workerd: the ${name} suite`, async () => {
    const worker = await startWorker("tests/embedding/workerd_suites.ts", {
      durableObjects: { SUITES: "Suites" },
      compatibilityFlags: ["nodejs_compat"],
    });
    try {
      const reports = await playAll(worker.url, name);
      for (const { name, leftOut } of reports) if (leftOut) console.log(`  left out: ${name} (${leftOut})`);
      assertEquals(reports.filter(({ error }) => error !== undefined), []);
      assertGreater(reports.filter(({ leftOut }) => leftOut === undefined).length, least);
    } finally {
      await worker.stop();
    }
  });
}

// Miniflare is made for Node. What is tested is workerd, whoever starts it.
if (runtime === "node") {
  suite("handshake", 15);
  suite("admission", 20);
  suite("transport", 10);
  suite("server", 10);
  suite("behaviour", 150);
}
