/** The suites of the adapters inside of what users have already, and with sockets given to `accept()` by hand. */
import { assertEquals } from "@std/assert";
import { webSocket } from "../../src/runtime/node.ts";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { handshakeSuite } from "../suites/handshake.ts";
import { type RawTraits, rawTransportSuite } from "../suites/raw_transport.ts";
import { serverSuite, type ServerTraits } from "../suites/server.ts";
import { socketHarness, transportSuite } from "../suites/transport.ts";
import * as inside from "../support/host_listeners.ts";
import { wereFetched } from "../support/hosts.ts";
import type { Listen } from "../support/listeners.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { runtime, skippedTest, test } from "../support/test.ts";
import { TransportServer } from "../support/transport_end.ts";

const strict: ServerTraits = { limitsMessages: true, checksFrames: true, pings: true };
const lenient: ServerTraits = { limitsMessages: false, checksFrames: false, pings: false };

/** Beside others who listen to upgrades: what comes after is as without them. */
function beside(name: string, listen: Listen, traits = strict): void {
  handshakeSuite(name, listen, { ownHttp: true, missesLeaving: !traits.checksFrames });
}

/** Inside of a framework. */
function embedded(name: string, listen: Listen, traits = strict): void {
  beside(name, listen, traits);
  serverSuite(name, listen, traits);
}

/** Where somebody else does. */
function accepted(name: string, listen: Listen, traits = strict): void {
  const raw: RawTraits = { answersFaults: traits.checksFrames, cuts: traits.checksFrames };
  const connect = async (url: string) => webSocketTransport(await webSocket(url, ["foxglove.sdk.v1"]));
  rawTransportSuite(name, listen, raw);
  serverSuite(name, listen, { ...traits, foreignHandshake: true });
  const codeless = [1000, 1005];
  transportSuite(name, socketHarness(listen, connect, { cuts: { server: raw.cuts, client: true }, codeless }));
}

function withHosts(): void {
  // By its path in .cache, where this test has it, Deno cannot load it; `npm:express` it can.
  if (runtime !== "deno") embedded("Express", inside.insideExpress);
  embedded("Fastify", inside.insideFastify);
  beside("beside @fastify/websocket", inside.besideFastifyWebsocket);
  beside("beside socket.io", inside.besideSocketIo);
  serverSuite("accept(), @fastify/websocket", inside.acceptFastifyWebsocket, { ...strict, foreignHandshake: true });
}

function onHonoNodeServer(): void {
  embedded("Hono on @hono/node-server", inside.besideHonoOnNode);
  serverSuite("accept(), @hono/node-server", inside.acceptHonoOnNode, { ...strict, foreignHandshake: true });

  test("beside Hono's own sockets attach() leaves to the app the upgrades that the app refuses", async () => {
    const core = new TransportServer();
    const { port, stop } = await inside.besideHonoSockets(core);
    const statuses = [];
    for (const path of ["/nope", "/secret", "/chat", "/foxglove"]) {
      const peer = await RawSocket.connect(port);
      statuses.push((await peer.request({ path, protocols: ["foxglove.sdk.v1"] })).status);
      await peer.destroy();
    }
    assertEquals(statuses, [404, 401, 101, 101]);
    await core.ends[0]!.closed();
    await stop();
  });
}

if (runtime !== "browser") {
  beside("beside ws", inside.besideWs);
  if (runtime === "node") onHonoNodeServer();
  if (runtime === "bun") embedded("Hono on Bun", inside.insideHonoOnBun);
  if (runtime === "deno") embedded("Hono on Deno", inside.insideHonoOnDeno, lenient);
  accepted("accept(), ws", inside.acceptWs);
  if (runtime === "deno") accepted("accept(), Deno.upgradeWebSocket", inside.acceptDeno, lenient);
  if (wereFetched) withHosts();
  else skippedTest("the suites inside Express and Fastify, and beside socket.io", () => {});
}
