import { connect } from "../../client.ts";
import { serve } from "../../src/runtime/serve.ts";
import { createServer } from "node:net";
import { createServer as http } from "node:http";
import { createHash } from "node:crypto";

const t0 = performance.now();
const log = (...a: unknown[]) => console.log((performance.now() - t0 | 0) + "ms", ...a);
const server = await serve({ name: "robot", port: 0, clientPublish: true });
const a = server.channel("/a", { encoding: "json" });
const client = await connect(server.url);
log("connected", client.protocol, client.serverInfo.name, client.url);
const sub = client.subscribe("/a");
await new Promise<void>((r) => server.on("subscribe", () => r()));
const N = 5000;
for (let i = 0; i < N; i++) a.publish({ i });
let n = 0;
for await (const m of sub) if (++n + sub.dropped >= N) break;
log("received", n, "dropped", sub.dropped);
const heard = new Promise((r) => server.on("message", ({ data }) => r(new TextDecoder().decode(data))));
const p = client.publisher({ topic: "/goal", encoding: "json" });
p.publish({ go: 1 });
log("server heard", await heard);
const big = client.subscribe("/big", {});
const bigc = server.channel("/big", { encoding: "raw" });
const subscribed = new Promise<void>((r) => server.on("subscribe", () => r()));
await subscribed;
bigc.publish(new Uint8Array(10_000_000));
log("big", (await big.next()).value?.data.length);
await client.close();
log("closed", await client.closed);
await server.close();

// refused
for (const opt of [{}]) {
  const s = createServer(); await new Promise<void>((r) => s.listen(0, "127.0.0.1", r));
  const { port } = s.address() as { port: number }; await new Promise((r) => s.close(r));
  await connect(`ws://127.0.0.1:${port}`, opt).catch((e) => log("refused:", e.name, e.message));
}
// accepts TCP, never answers
{
  const socks: any[] = [];
  const s = createServer((k) => { socks.push(k); k.on("error", () => {}); }); await new Promise<void>((r) => s.listen(0, "127.0.0.1", r));
  const { port } = s.address() as { port: number };
  await connect(`ws://127.0.0.1:${port}`, { timeoutMs: 200 }).catch((e) => log("silent:", e.name, e.message));
  await connect(`ws://127.0.0.1:${port}`, { signal: AbortSignal.timeout(100) }).catch((e) => log("abort:", e.name, e.message));
  socks.forEach((k) => k.destroy()); s.close();
}
// plain http 400, and protocol none / other
for (const proto of ["http", "none", "other", "silent-open"]) {
  const s = http((_q, r) => { r.statusCode = 400; r.end("no"); });
  const socks = new Set<any>();
  s.on("connection", (k) => { socks.add(k); k.on("error", () => {}); });
  if (proto !== "http") s.on("upgrade", (q, k) => {
    const accept = createHash("sha1").update(q.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
    const p = proto === "other" ? "Sec-WebSocket-Protocol: chat\r\n" : proto === "silent-open" ? "Sec-WebSocket-Protocol: foxglove.sdk.v1\r\n" : "";
    k.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${p}\r\n`);
  });
  await new Promise<void>((r) => s.listen(0, "127.0.0.1", r));
  const { port } = s.address() as { port: number };
  await connect(`ws://127.0.0.1:${port}`, { timeoutMs: 1000, limits: { closeMs: 200 } }).then((c) => { log(proto, "CONNECTED?", c.protocol); return c.close(); }).catch((e) => log(proto + ":", e.name, e.code, e.message));
  socks.forEach((k) => k.destroy()); s.close();
}
log("end");
