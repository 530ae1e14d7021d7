/** What a program learns from `webSocket()` of ./node when a server does not let it in. */
import { assertEquals, assertRejects } from "@std/assert";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "../../client.ts";
import { attach, webSocket } from "../../src/runtime/node.ts";
import { FoxgloveServer } from "../../src/server/server.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { runtime, test } from "../support/test.ts";

/** Connects, in vain, to what `prepare` has made of an HTTP server. @returns The message, without the port. */
async function refused(address: string, prepare: (http: Server) => void): Promise<string> {
  const http = createServer((_request, response) => response.end("Hello\n"));
  const sockets = new Set<Duplex>();
  http.on("connection", (socket) => void sockets.add(socket));
  prepare(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  try {
    const error = await assertRejects(() => connect(address.replace("host", host), { webSocket }), ConnectionError);
    return error.message.replace(host, "host");
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => http.close(resolve));
  }
}

/** Answers upgrades. */
function answering(head: string, body: string, ends = true): (http: Server) => void {
  const answer = `HTTP/1.1 ${head}\r\nConnection: close\r\nContent-Length: ${ends ? body.length : 1e6}\r\n\r\n${body}`;
  return (http) => http.on("upgrade", (_request, socket: Duplex) => ends ? socket.end(answer) : socket.write(answer));
}

const ROWS: [what: string, address: string, prepare: (http: Server) => void, message: string][] = [
  [
    "a server of ours: its reason, and no token in the message",
    "ws://host/foxglove?token=secret&a=b",
    (http) => void attach(new FoxgloveServer({ authorize: () => ({ status: 401, reason: "Log in first" }) }), http),
    'Cannot connect to "ws://host/foxglove?token=…&a=…": refused with 401: Log in first',
  ],
  [
    "another path",
    "ws://host/",
    (http) => void attach(new FoxgloveServer(), http, { path: "/foxglove" }),
    'Cannot connect to "ws://host/": refused with 404: There is no WebSocket server at this path; ' +
    "is this the path that attach() was given?",
  ],
  [
    "a server that has no WebSocket",
    "ws://host/",
    () => {},
    'Cannot connect to "ws://host/": refused with 200: Hello; is this the path that attach() was given?',
  ],
  [
    "a page for browsers",
    "ws://host/",
    answering("502 Bad Gateway\r\nContent-Type: text/html", "<h1>Bad Gateway</h1>"),
    'Cannot connect to "ws://host/": refused with 502',
  ],
  [
    "a text without an end",
    "ws://host/",
    answering("503 Busy", "no ".repeat(1000), false),
    `Cannot connect to "ws://host/": refused with 503: ${"no ".repeat(67).slice(0, 200)}`,
  ],
  [
    "no TLS",
    "wss://host/",
    () => {},
    'Cannot connect to "wss://host/": the server does not speak TLS there; is it a ws:// address?',
  ],
];

if (runtime !== "browser") {
  for (const [what, address, prepare, message] of ROWS) {
    test(`a client of ws that is refused is told why: ${what}`, async () => {
      assertEquals(await refused(address, prepare), message);
    });
  }
}
