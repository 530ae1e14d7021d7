/**
 * The reference implementation in TypeScript: npm `@foxglove/ws-protocol` on `ws`, as its own examples set it up. Same
 * flags as ../server.ts; runs on Node.
 */
import peer from "@foxglove/ws-protocol";
import { WebSocketServer } from "ws";
import type { AddressInfo } from "node:net";
import { serverFlags } from "../flags.ts";
import { runLoad } from "../load.ts";

type Connection = Parameters<InstanceType<typeof peer.FoxgloveServer>["handleConnection"]>[0];

const LOG_TIME = 1_700_000_000_000_000_000n;

const flags = serverFlags();
const server = new peer.FoxgloveServer({ name: "bench" });
const channel = server.addChannel({ topic: "/t", encoding: "raw", schemaName: "", schema: "" });
const listener = new WebSocketServer({
  host: "127.0.0.1",
  port: flags.port,
  handleProtocols: (protocols) => server.handleProtocols(protocols),
});
let subscribers = 0;
listener.on("connection", (socket, request) => {
  // The server itself tells of the first subscriber of a channel alone.
  socket.on("message", (data) => subscribers += Number(data.toString().includes('"subscribe"')));
  // Its interface predates the types of `ws`.
  server.handleConnection(socket as unknown as Connection, `${request.socket.remotePort}`);
});
await new Promise((resolve) => listener.once("listening", resolve));

await runLoad({
  url: `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`,
  subscribers: () => subscribers,
  queuedBytes() {
    let most = 0;
    for (const { bufferedAmount } of listener.clients) if (bufferedAmount > most) most = bufferedAmount;
    return most;
  },
  publish: (payload) => server.sendMessage(channel, LOG_TIME, payload as Uint8Array<ArrayBuffer>),
  // Its queue has no bound.
  dropped: () => 0,
  close() {
    for (const socket of listener.clients) socket.close(1001);
    return new Promise((resolve) => listener.close(resolve));
  },
}, flags);
