/**
 * A TCP or TLS connection of bytes: what the conformance suite tries handshakes and framing with.
 *
 * @module
 */
import { createConnection, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TcpEnd, TcpSink } from "./tcp_listener.ts";

/** The end that has connected. */
export interface TcpClientEnd extends TcpEnd {
  /** Reads no more: what comes fills the buffers on the way, and then the peer's. */
  pause(): void;
}

/** Connects to where a `ws:` or `wss:` address points. @throws when nobody listens, or answers in so many milliseconds. */
export function connectTcp(address: string, sink: TcpSink, timeoutMs: number): Promise<TcpClientEnd> {
  const { protocol, hostname, port } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, "");
  const secure = protocol === "wss:";
  const to = { host, port: Number(port || (secure ? 443 : 80)) };
  // What is tried is the protocol: whose certificate it is does not matter, and nothing secret is said.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = secure ? connectTls({ ...to, ...name, rejectUnauthorized: false }) : createConnection(to);
  return new Promise((resolve, reject) => {
    const late = Object.assign(new Error(`no answer in ${timeoutMs} ms`), { code: "ETIMEDOUT" });
    const timer = setTimeout(() => socket.destroy(late), timeoutMs);
    socket.once("error", reject).once("close", () => clearTimeout(timer));
    socket.once(secure ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      resolve(bound(socket, sink));
    });
  });
}

function bound(socket: Socket, sink: TcpSink): TcpClientEnd {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (bytes: Uint8Array) => sink.data(bytes));
  socket.on("close", () => sink.closed());
  return {
    write: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    cut: () => void socket.destroy(),
    pause: () => void socket.pause(),
  };
}
