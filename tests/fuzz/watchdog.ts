/** Ends this process when one run takes for ever: nothing else can, as there is one thread. */
import process from "node:process";
import { Worker } from "node:worker_threads";

/** Milliseconds without a sign of life. */
const LIMIT_MS = 180_000;

const CODE = `
const { workerData: { shared, names, limitMs, pid } } = require("node:worker_threads");
const beats = new Int32Array(shared);
for (let last = -1; ;) {
  if (Atomics.wait(beats, 0, beats[0], limitMs) === "timed-out" && beats[0] === last) {
    require("node:fs").writeSync(2, "HANGS: " + names[beats[1]] + ", repeat with --only " + names[beats[1]] + " --runs 1 --seed " + (beats[2] >>> 0) + "\\n");
    process.kill(pid, "SIGKILL");
  }
  last = beats[0];
}
`;

/** Watches from another thread. @returns Is to be called before each run, and what stops it. */
export function watch(names: readonly string[]): { beat(target: string, seed: number): void; stop(): void } {
  const shared = new SharedArrayBuffer(12);
  const beats = new Int32Array(shared);
  const worker = new Worker(CODE, { eval: true, workerData: { shared, names, limitMs: LIMIT_MS, pid: process.pid } });
  worker.unref();
  return {
    beat(target, seed) {
      beats[1] = names.indexOf(target);
      beats[2] = seed | 0;
      Atomics.add(beats, 0, 1);
      Atomics.notify(beats, 0);
    },
    stop: () => void worker.terminate(),
  };
}
