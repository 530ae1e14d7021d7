/**
 * A parameter of each type; one that clients cannot change, `read_only`; and one that changes by itself, `ticks`, which
 * grows by one every second. Clients may change, delete and create all others.
 */
import type { FoxgloveServer } from "@foxwire/foxwire/server";
import { every } from "./timers.ts";

export function addParameters({ parameters }: FoxgloveServer, signal: AbortSignal): void {
  parameters.declare("int", { value: 1 });
  parameters.declare("float", { value: 1, type: "float64" });
  parameters.declare("string", { value: "text" });
  parameters.declare("bool", { value: true });
  parameters.declare("bytes", { value: Uint8Array.from({ length: 16 }, (_, value) => value) });
  parameters.declare("list", { value: [1, 2.5], type: "float64_array" });
  parameters.declare("nested", { value: { a: [1, { b: true }] } });
  parameters.declare("read_only", { value: "fixed", readOnly: true });
  parameters.declare("ticks", { value: 0 });
  every(1, signal, () => parameters.set("ticks", Number(parameters.get("ticks") ?? 0) + 1));
}
