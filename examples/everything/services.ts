/**
 * Services:
 *
 * - `/add`: json, `{"a": 1, "b": 2}` gives `{"sum": 3}`;
 * - `/echo`: declares no encoding, so it takes any, and gives back what it was called with;
 * - `/fail`: always fails, with the text `Failure on purpose`;
 * - `/slow`: never answers: after a second its callers are told so.
 */
import type { FoxgloveServer, ServiceOptions } from "@foxwire/foxwire/server";
import { objectSchema } from "./schema.ts";

const ADD: ServiceOptions = {
  type: "Add",
  request: { encoding: "json", schema: objectSchema("AddRequest", { a: { type: "number" }, b: { type: "number" } }) },
  response: { encoding: "json", schema: objectSchema("AddResponse", { sum: { type: "number" } }) },
};

/** Bytes as they came, whatever they are said to be. */
const ANYTHING: ServiceOptions = { decode: (data) => data };

const SLOW_MS = 1_000;

export function addServices(server: FoxgloveServer): void {
  server.service("/add", ADD, ({ a, b }: { a: number; b: number }) => ({ sum: a + b }));
  server.service("/echo", { ...ANYTHING, type: "Echo" }, (data: Uint8Array) => data);
  server.service("/fail", { ...ANYTHING, type: "Fail" }, () => {
    throw new Error("Failure on purpose");
  });
  server.service("/slow", { ...ANYTHING, type: "Slow", timeoutMs: SLOW_MS }, () => new Promise(() => {}));
}
