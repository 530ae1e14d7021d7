/**
 * Measures how long it takes until each side notices that the other is gone, with the options as they are: the figures of
 * docs/reliability.md. Takes some minutes, in which it does next to nothing:
 *
 *   deno run -A tests/faults/programs/time_to_notice.ts
 *   bun tests/faults/programs/time_to_notice.ts
 *   node --import ./tools/node_std.mjs tests/faults/programs/time_to_notice.ts
 *
 * Where JSR cannot be reached, Deno needs `--import-map` with the stand-ins of `tools/offline_std/` for `@std/*`.
 */
import process from "node:process";
import { connect, type ConnectOptions, type FoxgloveClient } from "@foxwire/foxwire/client";
import { webSocket } from "@foxwire/foxwire/node";
import { FoxgloveServer } from "@foxwire/foxwire/server";
import { ExampleProcess } from "../../support/example_process.ts";
import { FaultProxy } from "../../support/fault_proxy.ts";
import {
  bun,
  insideBunServe,
  insideDenoServe,
  insideNodeHttp,
  type Listen,
  nodeHttp,
} from "../../support/listeners.ts";
import { RawSocket } from "../../support/raw_socket.ts";

const LIMIT_MS = 150_000;

const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const ADAPTERS: Record<string, Listen> = runtime === "bun" ? { "serve()": bun, "Bun.serve": insideBunServe } : {
  "serve()": nodeHttp,
  "node:http": insideNodeHttp(),
  ...(runtime === "deno" ? { "Deno.serve": insideDenoServe } : {}),
};

/** Resolves with the milliseconds until `happens` says so. */
function time(happens: (done: () => void) => void): Promise<string> {
  const start = performance.now();
  return new Promise((resolve) => {
    const limit = setTimeout(() => resolve(`not within ${LIMIT_MS / 1000} s`), LIMIT_MS);
    happens(() => {
      clearTimeout(limit);
      const ms = performance.now() - start;
      resolve(ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`);
    });
  });
}

function disconnected(server: FoxgloveServer): Promise<string> {
  return time((done) => server.on("disconnect", done));
}

const open = (port: number, options: ConnectOptions = {}): Promise<FoxgloveClient> =>
  connect(`ws://127.0.0.1:${port}`, options);

/** What is done on a server of its own, behind a line of its own. */
interface Place {
  server: FoxgloveServer;
  port: number;
  proxy: FaultProxy;
}

const SERVER_FAULTS: Record<string, (place: Place) => Promise<string>> = {
  async "client closes"({ server, port }) {
    const client = await open(port);
    const gone = disconnected(server);
    client.close();
    return await gone;
  },
  async "client process is killed"({ server, port }) {
    const child = new ExampleProcess(new URL("talker.ts", import.meta.url), [`ws://127.0.0.1:${port}`]);
    await new Promise((resolve) => server.on("message", resolve));
    const gone = disconnected(server);
    child.signal("SIGKILL");
    return await gone;
  },
  async "line goes silent"({ server, proxy }) {
    await open(proxy.port);
    const gone = disconnected(server);
    proxy.mute();
    return await gone;
  },
  async "client reads no more, data is dropped for it"({ server, port }) {
    const channel = server.channel("/big", { encoding: "raw" });
    const peer = await RawSocket.open(port);
    peer.subscribe(1, channel.id);
    await new Promise((resolve) => server.on("subscribe", resolve));
    peer.pause();
    const timer = setInterval(() => channel.publish(new Uint8Array(1 << 20)), 20);
    const gone = await disconnected(server);
    clearInterval(timer);
    return gone;
  },
  "connection that says nothing": ({ port }) => slowConnection(port, ""),
  "half a request": ({ port }) => slowConnection(port, "GET / HTTP/1.1\r\nHost: x\r\n"),
};

/** Until the server ends it. */
async function slowConnection(port: number, beginning: string): Promise<string> {
  const peer = await RawSocket.connect(port);
  peer.write(beginning);
  return await time((done) => {
    const timer = setInterval(() => peer.closed && (clearInterval(timer), done()), 10);
  });
}

const lost = (client: FoxgloveClient) =>
  time((done) => client.on("state", ({ status }) => status === "reconnecting" && done()));

const CLIENT_FAULTS: Record<string, (place: Place, options: ConnectOptions) => Promise<string>> = {
  async "server closes"({ server, port }, options) {
    const gone = lost(await open(port, options));
    server.close();
    return await gone;
  },
  async "server process is killed"(_place, options) {
    const robot = new ExampleProcess("everything.ts", ["--port", "0"]);
    const [, port] = await robot.printed(/Listening on ws:\/\/127.0.0.1:(\d+)/);
    const gone = lost(await open(Number(port), options));
    robot.signal("SIGKILL");
    return await gone;
  },
  "line goes silent": ({ proxy }, options) => silence(proxy, options),
  "line goes silent, idleMs 10 000": ({ proxy }, options) => silence(proxy, { ...options, limits: { idleMs: 10_000 } }),
  async "answer to the upgrade never comes"({ proxy }, options) {
    proxy.faults = { down: { after: 0, how: "silence" } };
    return await time((done) => open(proxy.port, options).catch(done));
  },
};

async function silence(proxy: FaultProxy, options: ConnectOptions): Promise<string> {
  const client = await open(proxy.port, options);
  await client.callService("/now");
  const gone = lost(client);
  proxy.mute();
  return await gone;
}

async function place(listen: Listen): Promise<Place> {
  const server = new FoxgloveServer({ clientPublish: true });
  server.service("/now", {}, () => true);
  const { port } = await listen(server);
  return { server, port, proxy: await FaultProxy.start(port) };
}

interface Row {
  side: string;
  fault: string;
  measure(): Promise<string>;
}

const rows: Row[] = [];
for (const [adapter, listen] of Object.entries(ADAPTERS)) {
  for (const [fault, measure] of Object.entries(SERVER_FAULTS)) {
    rows.push({ side: `server, ${adapter}`, fault, measure: async () => await measure(await place(listen)) });
  }
}
const listen = Object.values(ADAPTERS)[0]!;
for (const [socket, options] of Object.entries({ "WebSocket": {}, "npm ws": { webSocket } })) {
  for (const [fault, measure] of Object.entries(CLIENT_FAULTS)) {
    rows.push({ side: `client, ${socket}`, fault, measure: async () => await measure(await place(listen), options) });
  }
}

const show = ({ side, fault }: Row, result: string) => console.log(`| ${[runtime, side, fault, result].join(" | ")} |`);

// Of those that take milliseconds each has the machine for itself, and the second time counts.
const isQuick = ({ fault }: Row) => /closes|killed/.test(fault);
for (const row of rows.filter(isQuick)) {
  await row.measure();
  show(row, await row.measure());
}
const slow = rows.filter((row) => !isQuick(row));
const results = await Promise.all(slow.map(({ measure }) => measure()));
for (const [i, row] of slow.entries()) show(row, results[i]!);
process.exit();
