/** The suites of the adapters inside of what users have already, and with sockets given to `accept()` by hand. */
import { webSocket } from "../../src/runtime/node.ts";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { handshakeSuite } from "../suites/handshake.ts";
import { type RawTraits, rawTransportSuite } from "../suites/raw_transport.ts";
import { serverSuite, type ServerTraits } from "../suites/server.ts";
import { socketHarness, transportSuite } from "../suites/transport.ts";
import * as inside from "../support/host_listeners.ts";
import { wereFetched } from "../support/hosts.ts";
import type { Listen } from "../support/listeners.ts";
import { runtime, skippedTest } from "../support/test.ts";

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

if (runtime !== "browser") {
  beside("beside ws", inside.besideWs);
  if (runtime === "node") embedded("Hono on @hono/node-server", inside.besideHonoOnNode);
  if (runtime === "bun") embedded("Hono on Bun", inside.insideHonoOnBun);
  if (runtime === "deno") embedded("Hono on Deno", inside.insideHonoOnDeno, lenient);
  accepted("accept(), ws", inside.acceptWs);
  if (runtime === "deno") accepted("accept(), Deno.upgradeWebSocket", inside.acceptDeno, lenient);
  if (wereFetched) withHosts();
  else skippedTest("the suites inside Express and Fastify, and beside socket.io", () => {});
}
