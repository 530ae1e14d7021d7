/** Our client is held against the suite for clients: driven, and as a viewer that nobody drives. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { connect, type FoxgloveClient } from "@foxwire/foxwire/client";
import { webSocket } from "@foxwire/foxwire/node";
import { CLIENT_RULES, conformClient } from "../../src/conform/client/runner.ts";
import { thisRuntime } from "../support/example_process.ts";
import { runtime, test } from "../support/test.ts";
import { brokenRules, clientGroups, PATIENT } from "./client_model/outcomes.ts";

/** The WebSocket of Deno takes any `Sec-WebSocket-Accept`; that of `ws`, which `./node` exports, does not. */
const RUNTIME_FAULTS = runtime === "deno" ? ["handshake/wrong-accept"] : [];

/** A driver is started for each scene: see also what tools/runners/node.ts says of caches. */
function driverOf(file: string): string {
  return [...thisRuntime, fileURLToPath(new URL(`../../${file}`, import.meta.url))].map((word) => `"${word}"`).join(
    " ",
  );
}

/** The cases of a group. Elsewhere than on Deno a share of those that do not concern the runtime's own WebSocket. */
function casesOf(group: string): string[] {
  if (runtime === "deno" || group === "handshake" || group === "receiving") return [group];
  return CLIENT_RULES.map(({ name }) => name).filter((name) => name.startsWith(`${group}/`)).filter((_, i) =>
    i % 4 === 0
  );
}

for (const group of clientGroups()) {
  test(`our client passes "${group}" for clients`, async () => {
    const driver = driverOf("examples/conform_driver.ts");
    // What is known to fail takes as long as an answer may.
    const answerMs = group === "handshake" ? 5000 : PATIENT.answerMs;
    const { results } = await conformClient({ ...PATIENT, answerMs, driver, only: [...casesOf(group), "sent"] });
    const isKnown = (name: string) => RUNTIME_FAULTS.includes(name);
    assertEquals(brokenRules(results.filter(({ name }) => !isKnown(name))), []);
    const mended = results.filter(({ name, outcome }) => isKnown(name) && outcome === "ok");
    assertEquals(mended.map(({ name }) => name), []);
  });
}

test("our client on the sockets of npm ws passes every case of the handshake", async () => {
  const driver = driverOf("tests/conform/ws_driver.ts");
  const { results } = await conformClient({ ...PATIENT, driver, only: ["handshake"] });
  assertEquals(brokenRules(results), []);
});

/** Connects whenever it is over, and stays subscribed to "/conform". */
class Viewer {
  #client: FoxgloveClient | undefined;
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  view(url: string): void {
    this.#done = this.#view(url);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#client?.close({ timeoutMs: 10 });
    await this.#done;
  }

  async #view(url: string): Promise<void> {
    while (!this.#stopped) {
      try {
        const client = this.#client = await connect(url, { webSocket, reconnect: { minDelayMs: 5, maxDelayMs: 400 } });
        client.on("error", () => {});
        client.subscribe("/conform");
        await client.closed;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

const ALONE = {
  "the handshake and frames": ["handshake", "receiving"],
  "channels and sessions": ["channels", "schemas", "session", "reconnect"],
  "what is unknown or malformed": [
    "unknown/op",
    "unknown/greeting",
    "malformed/no-json",
    "publish/once",
    "sent/masked",
  ],
};

for (const [what, only] of Object.entries(ALONE)) {
  test(`a viewer that nobody drives passes what can be seen of it, and the rest is skipped: ${what}`, async () => {
    const viewer = new Viewer();
    const { results } = await conformClient({ ...PATIENT, only, onStart: ({ url }) => viewer.view(url) });
    await viewer.stop();
    const skipped = results.filter(({ outcome }) => outcome === "skipped");
    assertEquals(brokenRules(results.filter((result) => !skipped.includes(result))), []);
    assertEquals(skipped.length < results.length / 2, true, `${skipped.length} of ${results.length} are skipped`);
    const reasons = ["needs a driver: --command", "nothing of the kind was sent"];
    assertEquals(skipped.filter(({ reason = "" }) => !reasons.includes(reason)), []);
  });
}
