/** The benchmark's server and its sink, together on a real socket; nothing is timed here. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import process from "node:process";
import { buildNative, hasCompiler } from "../../bench/build.ts";
import { flagArguments, type ServerFlags } from "../../bench/flags.ts";
import { type Launch, lost, measure, type RunOptions } from "../../bench/run.ts";
import { runtime, test } from "../support/test.ts";

const compiler = await hasCompiler();

/** `bench/server.ts` on the runtime of this test. */
function launch(flags: Partial<ServerFlags>): Launch {
  const args = ["bench/server.ts", ...flagArguments(flags)];
  return { program: process.execPath, args: runtime === "deno" ? ["run", "--allow-all", ...args] : args };
}

async function run(workload: RunOptions["workload"], options: Partial<RunOptions> = {}) {
  const sink = await buildNative("sink");
  return await measure({ launch, sink, workload, warmup: 0, seconds: 0.2, pinned: false, ...options });
}

/** The sink is a C program. */
const testWithSink = compiler ? test : (name: string) => console.log(`skipped, there is no C compiler: ${name}`);

testWithSink("the benchmark's server says how many messages it sent, and the sink got each of them", async () => {
  const measurement = await run({ server: { size: 100, clients: 2, k: 64 } });
  assert(measurement.messages > 0);
  assertEquals(measurement.bytes, measurement.messages * 100);
  assertEquals([lost(measurement), measurement.dropped, measurement.statuses], [0, 0, 0]);
});

testWithSink("the benchmark's clock is that of its sink", async () => {
  const { latencyUs } = await run({ server: { size: 1024, clients: 1, rate: 500 }, latency: true });
  assert(latencyUs !== undefined && latencyUs.samples > 0);
  // Another clock is off by the age of the machine or of the process; the sink counts up to 4.29 s.
  assert(latencyUs.p50 < 4e6, `${latencyUs.p50} µs`);
});

testWithSink("a server that fails is an error that says how", async () => {
  const broken = (): Launch => ({ program: process.execPath, args: ["bench/no_such_server.ts"] });
  await assertRejects(() => run({ server: {} }, { launch: broken }), Error, "no_such_server.ts");
});
