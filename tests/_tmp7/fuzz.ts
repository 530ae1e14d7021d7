// Throw-away: callbacks that do anything.
import { FoxgloveServer } from "../../src/server/server.ts";
import { linkedTransports } from "../../src/transport/linked.ts";
import { decodeServerMessage, encodeClientMessage } from "../../src/protocol/codec.ts";
import { SchemaTableReader } from "../../src/protocol/schema_table.ts";
import { Random } from "../support/random.ts";
const seed0 = Number(Deno.args[0] ?? 1), rounds = Number(Deno.args[1] ?? 50);
const filtersAct = Deno.args[2] !== "nofilters";
globalThis.addEventListener("unhandledrejection", (e) => { console.log("UNHANDLED", e.reason); e.preventDefault(); bad++; });
let bad = 0;
const turn = () => new Promise<void>((r) => setImmediate(r));
for (let seed = seed0; seed < seed0 + rounds; seed++) {
  const r = new Random(seed);
  const errors: string[] = [];
  let depth = 0, quiet = false;
  const channels = new Map<number, any>(), services = new Map<number, any>(), graph: Disposable[] = [];
  const names = ["a", "b", "c", "d"];
  let n = 0;
  const act = (where: string) => {
    if (quiet || depth > 3 || !r.chance(0.3)) return;
    depth++;
    try { r.pick(OPS)!(); } finally { depth--; }
  };
  const filter = () => { if (filtersAct) act("filter"); return true; };
  const server: FoxgloveServer = new FoxgloveServer({
    clientPublish: true, connectionGraph: r.chance(0.5), supportedEncodings: ["json"],
    limits: { controlBytes: r.chance(0.3) ? 20000 : 16e6, dataBytes: r.chance(0.3) ? 4000 : 16e6, assetMs: 30, serviceMs: 30, parameterMs: 30, playbackMs: 30 },
    permissions: { see: filter, subscribe: filter, publish: filter, call: filter, get: filter, set: filter, fetch: filter, control: filter },
    parameters: { validate: () => { act("validate"); return r.chance(0.3) ? new Promise<undefined>((s) => setTimeout(() => s(undefined), r.below(40))) : undefined; } },
  });
  server.on("error", ({ error, during }) => errors.push(`${during}: ${error}`));
  for (const t of ["connect", "disconnect", "subscribe", "unsubscribe", "advertise", "unadvertise", "message"] as const) server.on(t, () => act(t));
  server.graph.on("subscribe", () => act("g")); server.graph.on("unsubscribe", () => act("g"));
  server.parameters.on("change", () => act("p")); server.parameters.on("subscribe", () => act("p"));
  const watch = (signal: AbortSignal) => signal.addEventListener("abort", () => act("abort"));
  const outcome = <T>(v: T): T | Promise<T> => {
    const k = r.below(5);
    if (k === 0) return v;
    if (k === 1) throw new Error("boom");
    if (k === 2) return Promise.reject(new Error("boom later"));
    if (k === 3) return new Promise<T>((s) => setTimeout(() => s(v), r.below(50)));
    return Promise.resolve(v);
  };
  const addChannel = () => { if (channels.size > 30) return; const c: any = server.channel(`/t${n++ % 20}`, { encoding: "raw", latch: r.chance(0.2), encode: () => { act("encode"); return new Uint8Array(r.below(300)); } }); channels.set(c.id, c); };
  const closeChannel = () => { const c = r.pick(channels.values()); if (c) { channels.delete(c.id); c.close(); } };
  const addService = () => { if (services.size > 20) return; const s = server.service(`/s${n++}`, { decode: () => { act("decode"); return 1; } }, (_q, { signal }) => { watch(signal); act("svc"); return outcome(new Uint8Array(3)) as any; }); services.set(s.id, s); };
  const closeService = () => { const s = r.pick(services.values()); if (s) { services.delete(s.id); s.close(); } };
  const pb = server.playback({ startTime: 0n, endTime: 1000n,
    play: ({ signal }) => { watch(signal); act("pb"); return outcome(undefined); }, pause: () => { act("pb"); return outcome(undefined); },
    seek: (_t, { arrived }) => { act("pb"); if (r.chance(0.3)) arrived(); return outcome(undefined); }, setSpeed: () => { act("pb"); return outcome(undefined); } });
  server.asset((uri, { signal }) => { watch(signal); act("asset");
    return outcome(r.chance(0.3) ? undefined : r.chance(0.5) ? new Uint8Array(100) : new ReadableStream({ pull(c) { act("pull"); r.chance(0.3) ? c.close() : c.enqueue(new Uint8Array(50)); }, cancel() { act("cancel"); } })) as any; });
  const OPS: (() => void)[] = [addChannel, addChannel, closeChannel, addService, closeService,
    () => r.pick(channels.values())?.publish({}), () => r.pick(channels.values())?.publish({}),
    () => { const c = r.pick(server.clients); if (c) r.pick(channels.values())?.publishTo(c, {}); },
    () => server.parameters.set(r.pick(names)!, r.below(5)), () => server.parameters.delete(r.pick(names)!), () => server.parameters.declare(r.pick(names)!, { value: r.below(9) }),
    () => server.status("info", "x".repeat(r.below(50)), { id: "q" }), () => server.removeStatus("q"), () => server.time(BigInt(r.below(99))),
    () => { if (r.chance(0.05)) server.clearSession(); }, () => pb.update({ currentTime: BigInt(r.below(1000)) }), () => pb.update({ status: r.pick(["playing", "paused", "buffering"] as const)! }), () => { r.chance(0.3) ? pb.ended() : pb.jump(5n); },
    () => { graph.push(r.pick([() => server.graph.publish("/x", "n"), () => server.graph.provide("/y", "n")])!()); }, () => graph.pop()?.[Symbol.dispose](),
    () => { if (r.chance(0.1)) r.pick(server.clients)?.close(); }, () => { if (r.chance(0.02) && seed % 5 === 0) server.close({ timeoutMs: 50 }); },
  ];
  class C {
    channels = new Map<number, any>(); services = new Map<number, any>(); open = true; calls = new Map<number, number>(); assets = new Map<number, number>(); gets = new Map<string, number>(); plays = new Map<string, number>();
    end; id = 1; schemas; started = false; subs = new Map<number, number>();
    constructor() {
      const protocol = r.pick(["foxglove.sdk.v1", "foxglove.sdk.v1.1", "foxglove.websocket.v1"] as const)!;
      const [a, b] = linkedTransports({ protocol, capacity: 2000 }); this.end = b; this.schemas = protocol === "foxglove.sdk.v1.1" ? new SchemaTableReader() : undefined; this.p = protocol;
      b.bind({ message: (d) => this.got(d), drain() {}, close: () => { this.open = false; } });
      server.accept(a);
    }
    p;
    fail(t: string) { bad++; console.log(`seed ${seed}: ${t}`); }
    got(d: any) {
      const m: any = decodeServerMessage(d, this.schemas);
      if (m.op === "advertise") for (const c of m.channels) { if (this.channels.has(c.id)) this.fail(`channel ${c.id} advertised twice`); this.channels.set(c.id, c); }
      if (m.op === "unadvertise") for (const id of m.channelIds) if (!this.channels.delete(id)) this.fail(`unadvertise of unknown ${id}`);
      if (m.op === "advertiseServices") for (const c of m.services) { if (this.services.has(c.id)) this.fail(`service ${c.id} twice`); this.services.set(c.id, c); }
      if (m.op === "unadvertiseServices") for (const id of m.serviceIds) if (!this.services.delete(id)) this.fail(`unadvertise of unknown service ${id}`);
      if (m.op === "serviceCallResponse" || m.op === "serviceCallFailure") { const k = this.calls.get(m.callId); if (k !== 0) this.fail(`call ${m.callId} answered ${k}`); this.calls.set(m.callId, 1); }
      if (m.op === "fetchAssetResponse") { const k = this.assets.get(m.requestId); if (k !== 0) this.fail(`asset ${m.requestId} answered ${k}`); this.assets.set(m.requestId, 1); }
      if (m.op === "parameterValues" && m.id) { const k = this.gets.get(m.id); if (k !== 0) this.fail(`get ${m.id} ${k}`); this.gets.set(m.id, 1); }
      if (m.op === "playbackState" && m.requestId && this.plays.has(m.requestId)) { this.plays.set(m.requestId, this.plays.get(m.requestId)! + 1); }
    }
    send(m: any) { this.end.send([encodeClientMessage(m)]); }
    step() {
      if (!this.open) return; const id = this.id++;
      const k = r.below(12);
      if (k === 0) this.send({ op: "subscribe", subscriptions: [{ id, channelId: r.pick(this.channels.keys()) ?? 1 }] });
      if (k === 1) this.send({ op: "unsubscribe", subscriptionIds: [r.below(id)] });
      if (k === 2) { this.calls.set(id, 0); this.send({ op: "serviceCallRequest", serviceId: r.pick(this.services.keys()) ?? 1, callId: id, encoding: "json", data: new Uint8Array(2) }); }
      if (k === 3) { this.assets.set(id, 0); this.send({ op: "fetchAsset", uri: "u", requestId: id }); }
      if (k === 4) { this.gets.set(`g${id}`, 0); this.send({ op: "getParameters", parameterNames: [], id: `g${id}` }); }
      if (k === 5) { this.gets.set(`g${id}`, 0); this.send({ op: "setParameters", parameters: [{ name: r.pick(names)!, value: r.below(9) }, { name: "z" + r.below(3), ...(r.chance(0.5) ? { value: 1 } : {}) }], id: `g${id}` }); }
      if (k === 6) this.send({ op: r.chance(0.5) ? "subscribeParameterUpdates" : "unsubscribeParameterUpdates", parameterNames: [] });
      if (k === 7) this.send({ op: r.chance(0.5) ? "subscribeConnectionGraph" : "unsubscribeConnectionGraph" });
      if (k === 8) this.send({ op: "advertise", channels: [{ id, topic: "/c", encoding: "json", schemaName: "" }] });
      if (k === 9) this.send({ op: "unadvertise", channelIds: [r.below(id)] });
      if (k === 10 && this.p !== "foxglove.websocket.v1") { this.plays.set(`p${id}`, 0); this.send({ op: "playbackControlRequest", command: r.chance(0.5) ? "play" : "pause", speed: r.pick([1, 2])!, ...(r.chance(0.5) ? { seekTime: BigInt(r.below(1000)) } : {}), requestId: `p${id}` }); }
      if (k === 11 && r.chance(0.05)) r.chance(0.5) ? this.end.close(1000) : this.end.terminate();
      if (r.chance(0.03)) { this.end.pause(); setTimeout(() => this.end.resume(), r.below(20)); }
    }
  }
  const cs: C[] = []; let closed = false;
  for (let i = 0; i < 300; i++) {
    try {
      if (cs.filter((c) => c.open).length < 4) cs.push(new C());
      r.pick(cs)!.step(); r.pick(OPS)!();
    } catch (e) { bad++; console.log(`seed ${seed}: threw ${(e as Error).stack}`); }
    if (r.chance(0.5)) await turn();
  }
  quiet = true;
  await new Promise((s) => setTimeout(s, 400));
  for (const c of cs) c.end.resume();
  await new Promise((s) => setTimeout(s, 50));
  const serverClosed = server.clients.size === 0 && cs.some((c) => c.open) === false && false;
  for (const c of cs) if (c.open) {
    const truth = [...channels.keys()].sort((a, b) => a - b).join(), view = [...c.channels.keys()].sort((a, b) => a - b).join();
    if (truth !== view) c.fail(`channels: truth ${truth}\n view ${view}`);
    const ts = [...services.keys()].sort((a, b) => a - b).join(), vs = [...c.services.keys()].sort((a, b) => a - b).join();
    if (ts !== vs) c.fail(`services: truth ${ts} view ${vs}`);
    for (const [what, map] of [["call", c.calls], ["asset", c.assets], ["get", c.gets], ["play", c.plays]] as const) for (const [id, k] of map) if (k === 0) c.fail(`${what} ${id} never answered`);
  }
  const odd = errors.filter((e) => !/boom|did not answer|did not come|No (answer|verdict)|more than one channel|did not/.test(e));
  if (odd.length) { bad++; console.log(`seed ${seed}:`, [...new Set(odd)].slice(0, 5)); }
  const t0 = performance.now(); await server.close({ timeoutMs: 100 }); 
  if (performance.now() - t0 > 1500) { bad++; console.log("slow close"); }
  await new Promise((s) => setTimeout(s, 5));
  if (server.clients.size || server.stats().subscriptions) { bad++; console.log("left", server.stats()); }
}
console.log("bad", bad);
