import { PythonPeer } from "../support/python_peer.ts";
import { startNpmFixture } from "./npm_fixture.ts";
import { conform } from "@foxwire/foxwire/conform";
const which = Deno.args[0];
async function run(name: string, url: string, protocol: any) {
  const t = performance.now();
  const r = await conform(url, { protocols: [protocol] });
  const n = (o: string, l: string) => r.results.filter((x) => x.outcome === o && x.level === l).length;
  console.log("=====", name, protocol, Math.round((performance.now() - t) / 1000) + " s", ["must", "should", "extra"].map((l) => `${l}: ${n("ok", l)}/${n("failed", l)}/${n("skipped", l)}`).join("  "), r.died ?? "");
  for (const x of r.results) if (x.outcome === "failed") console.log(`  [${x.level}] ${x.name} | exp ${x.expected} | got ${x.got} (${x.took})`);
  const sk: any = {}; for (const x of r.results) if (x.outcome === "skipped") (sk[x.reason!] ??= []).push(x.name);
  for (const k in sk) console.log("  skipped:", k, sk[k].length, sk[k].slice(0, 6).join(" "));
}
if (which === "sdk" || !which) for (const p of ["foxglove.sdk.v1.1", "foxglove.sdk.v1"]) { const r = new PythonPeer("sdk_fixture.py"); const { port } = await r.do("start"); await run("sdk", `ws://127.0.0.1:${port}`, p); await r.kill(); }
if (which === "python" || !which) { const r = new PythonPeer("python_fixture.py"); const { port } = await r.do("start"); await run("python", `ws://127.0.0.1:${port}`, "foxglove.websocket.v1"); await r.kill(); }
if (which === "npm" || !which) { const r = await startNpmFixture(); await run("npm", r.url, "foxglove.websocket.v1"); await r.stop(); }
