import { assertEquals } from "@std/assert";
import { SERVER_LIMITS } from "../../src/server/limits.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { test } from "../support/test.ts";

const MIB = 1024 * 1024;

const DEFAULTS = {
  messageBytes: 16 * MIB,
  clients: 1_000,
  subscriptions: 10_000,
  clientChannels: 1_000,
  clientChannelBytes: 16 * MIB,
  parameterNames: 10_000,
  parameterNameBytes: MIB,
  clientParameters: 1_000,
  clientParameterBytes: 16 * MIB,
  parameterRequests: 32,
  parameterMs: 30_000,
  serviceCalls: 32,
  serviceMs: 30_000,
  assetRequests: 32,
  assetMs: 30_000,
  assetBytes: 60 * MIB,
  controlBytes: 16 * MIB,
  dataBytes: 16 * MIB,
  coalesceMicros: 200,
  playbackRequests: 32,
  playbackMs: 30_000,
  authorizeMs: 10_000,
  idleMs: 30_000,
  stallMs: 10_000,
  closeMs: 2_000,
};

test("limits: the default of each, in one table that nobody can change", () => {
  assertEquals({ ...SERVER_LIMITS }, DEFAULTS);
  assertEquals(Object.isFrozen(SERVER_LIMITS), true);
});

test("limits: those that are given, and the defaults of the others", async () => {
  const server = new FoxgloveServer({ limits: { clients: 3, idleMs: 0 } });
  assertEquals(server.limits, { ...DEFAULTS, clients: 3, idleMs: 0 });
  await server.close();
});
