/** However much is asked at once, a server gets no more requests of a kind at a time than it takes. */
import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../src/client/connect.ts";
import { CLIENT_LIMITS } from "../../src/client/limits.ts";
import { SERVER_LIMITS } from "../../src/server/limits.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { linkedTransports } from "../../src/transport/linked.ts";
import { TimeoutError } from "../../src/util/errors.ts";
import { test } from "../support/test.ts";

const MANY = Array.from({ length: 100 }, (_, i) => i);

async function meet(server: FoxgloveServer) {
  const [serverEnd, clientEnd] = linkedTransports();
  server.accept(serverEnd);
  return await connect(clientEnd);
}

test("the client has no more requests under way than our server takes of one client", () => {
  const { serviceCalls, assetRequests, parameterRequests, playbackRequests } = SERVER_LIMITS;
  for (const limit of [serviceCalls, assetRequests, parameterRequests, playbackRequests]) {
    assertEquals(CLIENT_LIMITS.requests, limit);
  }
});

test("100 calls, assets and parameter requests at once are all answered, in their order", async () => {
  let most = 0;
  let underWay = 0;
  const slow = async <T>(value: T): Promise<T> => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay--;
    return value;
  };
  const server = new FoxgloveServer({ name: "robot", supportedEncodings: ["json"] });
  server.service("/double", {}, (n: number) => slow(2 * n));
  server.asset((uri) => slow(new TextEncoder().encode(uri)));
  server.parameters.declare("gain", { value: 0, validate: () => slow(undefined) });
  const client = await meet(server);

  const doubles = await Promise.all(MANY.map((n) => client.callService("/double", n)));
  assertEquals([doubles, most], [MANY.map((n) => 2 * n), SERVER_LIMITS.serviceCalls]);
  const assets = await Promise.all(MANY.map((n) => client.fetchAsset(`package://${n}`)));
  assertEquals(assets.map((bytes) => new TextDecoder().decode(bytes)), MANY.map((n) => `package://${n}`));
  const gains = await Promise.all(MANY.map((n) => client.setParameters({ gain: n })));
  assertEquals(gains.map((values) => values.get("gain")), MANY);
  await client.close();
  await server.close();
});

test("calls that wait for a service take no other call's place, and one that is given up makes room", async () => {
  const server = new FoxgloveServer({ name: "robot", supportedEncodings: ["json"] });
  server.service("/never", {}, () => new Promise(() => {}));
  server.service("/now", {}, () => "now");
  const client = await meet(server);
  const missing = MANY.map(() =>
    assertRejects(() => client.callService("/missing", {}, { timeoutMs: 50 }), TimeoutError)
  );
  assertEquals(await client.callService("/now", {}), "now");

  const stop = new AbortController();
  const stuck = MANY.slice(0, CLIENT_LIMITS.requests).map(() =>
    assertRejects(() => client.callService("/never", {}, { signal: stop.signal }))
  );
  const late = client.callService("/now", {}).catch((error) => error.message);
  await Promise.all(missing);
  stop.abort();
  await Promise.all(stuck);
  // It is sent now; the server still has its hands full, and says so.
  assertEquals(await late, 'Service "/now" failed: Too many service calls in flight: the limit is 32');
  await client.close();
  await server.close();
});
