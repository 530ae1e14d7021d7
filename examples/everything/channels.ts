/**
 * Channels of each kind of rate:
 *
 * - `/counter`: json with a schema, `{"count": 0}` and so on, ten times per second;
 * - `/bytes`: encoding `raw`, no schema, the 256 bytes 0 to 255, once per second;
 * - `/latched`: json, published once when the server starts: every subscription begins with it;
 * - `/burst`: encoding `raw`, 1000 messages of 100 bytes in one turn of the event loop, once per second; each begins with
 *   a number (u32, little-endian) that goes on from burst to burst.
 */
import type { FoxgloveServer } from "@foxwire/foxwire/server";
import { objectSchema } from "./schema.ts";
import { every } from "./timers.ts";

const BURST_MESSAGES = 1_000;
const BURST_MESSAGE_BYTES = 100;

export function addChannels(server: FoxgloveServer, signal: AbortSignal): void {
  addCounter(server, signal);
  addBytes(server, signal);
  addLatched(server);
  addBurst(server, signal);
}

function addCounter(server: FoxgloveServer, signal: AbortSignal): void {
  const schema = objectSchema("Counter", { count: { type: "integer" } });
  const counter = server.channel<{ count: number }>("/counter", { encoding: "json", schema });
  let count = 0;
  every(10, signal, () => counter.publish({ count: count++ }));
}

function addBytes(server: FoxgloveServer, signal: AbortSignal): void {
  const bytes = server.channel("/bytes", { encoding: "raw" });
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  every(1, signal, () => bytes.publish(all));
}

function addLatched(server: FoxgloveServer): void {
  const schema = objectSchema("Latched", { text: { type: "string" } });
  const latched = server.channel<{ text: string }>("/latched", { encoding: "json", schema, latch: true });
  latched.publish({ text: "published once, when the server started" });
}

function addBurst(server: FoxgloveServer, signal: AbortSignal): void {
  const burst = server.channel("/burst", { encoding: "raw" });
  const message = new Uint8Array(BURST_MESSAGE_BYTES);
  const view = new DataView(message.buffer);
  let sequence = 0;
  every(1, signal, () => {
    for (let i = 0; i < BURST_MESSAGES; i++) {
      view.setUint32(0, sequence++, true);
      burst.publish(message);
    }
  });
}
