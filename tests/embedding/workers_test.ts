/** `./workers` in workerd: the suites of the adapters. */
import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { connect, SUBPROTOCOLS } from "@foxwire/foxwire";
import { conform, SERVER_RULES } from "@foxwire/foxwire/conform";
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

const EVERYTHING = { durableObjects: { EVERYTHING: "Everything" } };

/**
 * Rules that are not for us to keep there, see docs/conformance.md: of broken frames, which workerd reads by itself and not
 * always strictly, of the request's method, which it hides, and of plain requests, which the worker answers by itself.
 */
const NOT_OURS = new RegExp(
  [
    /^handshake\/(plain-http-426|method)$/,
    /^framing\/(unmasked|reserved-opcode|reserved-control|control-length|interleaved|utf8|utf8-cut|huge)(-code)?$/,
    /^framing\/close-(reserved|short)-code$/,
  ].map(({ source }) => source).join("|"),
);

/** So many servers share the cases: most of them wait most of the time. */
const PARTS = 6;

function conformance(): void {
  const names = SERVER_RULES.map(({ name }) => name).filter((name) => !NOT_OURS.test(name));
  hostTest("workerd: the reference server keeps the rules of the conformance suite", async () => {
    const { url, stop } = await startWorker("tests/embedding/workerd_everything.ts", EVERYTHING);
    try {
      const reports = await Promise.all(Array.from({ length: PARTS }, (_, part) => {
        const only = names.filter((_, place) => place % PARTS === part);
        return conform(`ws://${url.host}/${part}`, { ...PATIENT, protocols: [SUBPROTOCOLS[0]], only });
      }));
      const results = reports.flatMap(({ results }) => results);
      const failed = results.filter(({ outcome }) => outcome === "failed");
      assertEquals(failed.map(({ name, expected, got }) => `${name}: ${expected}; ${got}`), []);
      assertGreater(results.filter(({ outcome }) => outcome === "ok").length, 100);
    } finally {
      await stop();
    }
  });
}

/** Long enough for what has to come on a loaded machine. */
const PATIENT = { answerMs: 20_000, caseMs: 60_000 };

function alone(): void {
  hostTest("workerd: outside of a Durable Object each request may have a server of its own", async () => {
    const { url, stop } = await startWorker("tests/embedding/workerd_everything.ts", EVERYTHING);
    try {
      const viewers = [await connect(`ws://${url.host}/alone`), await connect(`ws://${url.host}/alone`)];
      for (const viewer of viewers) {
        const { value } = await viewer.subscribe("/pose").next();
        assertEquals([viewer.serverInfo.name, value?.value], ["alone", { x: 1, who: "guest" }]);
        await viewer.close();
      }
      assertStringIncludes(
        await (await fetch(new URL("/top", url))).text(),
        "Disallowed operation called within global",
      );
    } finally {
      await stop();
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
  conformance();
  alone();
}
