/** The suites of the adapters inside of what users have already. */
import { webSocket } from "../../src/runtime/node.ts";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { handshakeSuite } from "../suites/handshake.ts";
import { rawTransportSuite } from "../suites/raw_transport.ts";
import { serverSuite } from "../suites/server.ts";
import { socketHarness, transportSuite } from "../suites/transport.ts";
import * as hosts from "../support/host_listeners.ts";
import { insideNodeHttp } from "../support/listeners.ts";
import { runtime } from "../support/test.ts";
const strict = { limitsMessages: true, checksFrames: true, pings: true };
const lenient = { limitsMessages: false, checksFrames: false, pings: false };
function all(name: string, listen: any, raw: any, server: any, handshake = true) {
  if (handshake) handshakeSuite(name, listen, { ownHttp: true, missesLeaving: raw.missesLeaving });
  rawTransportSuite(name, listen, raw);
  serverSuite(name, listen, server);
  const connect = async (url: string) => webSocketTransport(await webSocket(url, ["foxglove.sdk.v1"]));
  transportSuite(name, socketHarness(listen, connect, { cuts: { server: raw.cuts, client: true } }));
}
const good = { answersFaults: true, cuts: true };
const poor = { answersFaults: false, cuts: false, missesLeaving: true };
if (runtime !== "deno") all("Express", hosts.insideExpress, good, strict);
for (const n of ["insideFastify","besideFastifyWebsocket","besideWs","besideSocketIo","besideHonoOnNode","besideAnother"] as const) all(n, hosts[n], good, strict);
all("acceptWs", hosts.acceptWs, good, strict, false);
all("acceptFastifyWebsocket", hosts.acceptFastifyWebsocket, good, strict, false);
if (runtime==="deno") { all("acceptDeno", hosts.acceptDeno, poor, lenient, false); all("honoDeno", hosts.insideHonoOnDeno, poor, lenient); }
if (runtime==="bun") { all("honoBun", hosts.insideHonoOnBun, good, strict); all("bun http", insideNodeHttp(), good, strict); }
