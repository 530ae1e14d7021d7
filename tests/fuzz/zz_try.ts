import process from "node:process";
import { Random } from "../support/random.ts";
import { caseText } from "./case.ts";
import { codec } from "./codec_target.ts";
import { server } from "./server_target.ts";
import { client } from "./client_target.ts"; import { frames } from "./frames_target.ts"; const targets: any = { codec, server, client, frames };
const [name, from, to] = process.argv.slice(2) as any;
const target = targets[name];
const start = performance.now(); let n = 0, bad = 0;
for (let seed = +from; seed < +to; seed++) {
  const random = new Random(seed); const setup = target.setup(random); const play = await target.start(setup);
  let step: any, i = 0;
  try {
    for (; i < target.steps; i++) { step = play.next(random); n += await play.play(step); }
    await play.finish();
    await play.dispose?.();
  } catch (e: any) { console.log(`--- seed ${seed} step ${i}`, caseText(setup), caseText(step).slice(0, 500), "\n", (e.name === "Mismatch" ? e.message : e.stack).slice(0, 1500)); if (++bad > 3) process.exit(1); }
}
await target.inspect?.();
console.log(n, Math.round(n / (performance.now() - start) * 1000), "inputs/s");
process.exit(0);
