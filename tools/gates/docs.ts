/**
 * The documentation: every public symbol has its own, and every example in it runs.
 *
 * Examples, in doc comments and in Markdown, are blocks marked `ts`; Deno checks and runs them. One that is made for
 * another runtime is marked `ts ignore bun` or `ts ignore node` and runs there. `ts ignore` alone does not run.
 */
import { stdFlags } from "../deno_std.ts";
import { runChild } from "../support/child.ts";
import { cache, doors, exists, filesBelow } from "../support/repo.ts";
import { bun, node } from "../support/runtimes.ts";
import { denoCommand, joined, type Verdict } from "./verdict.ts";

/** A block that another runtime than Deno runs. */
interface Example {
  /** `README.md:12` */
  at: string;
  runtime: string;
  code: string;
}

/** Makes false assertions fail. */
const STRICT = "./tools/strict_assert.mjs";

const COMMANDS: Record<string, () => Promise<string[]>> = {
  bun: async () => [(await bun()).path, `--preload=${STRICT}`],
  node: async () => [(await node(24)).path, "--import=./tools/node_std.mjs", `--import=${STRICT}`],
};

/** Doors that a user may stay behind: each exports by itself what its signatures name. The adapters go with `server.ts`. */
const COMPLETE_DOORS = ["mod.ts", "server.ts", "client.ts"];

/** The gate `doc`: `deno doc --lint` of all doors together, and of those that are complete alone. */
export async function doc(): Promise<Verdict> {
  const groups = [await doors(), ...COMPLETE_DOORS.map((door) => [door])];
  return joined(await Promise.all(groups.map((group) => denoCommand("doc", "--lint", "--quiet", ...group))));
}

/** The gate `examples`. */
export async function examples(): Promise<Verdict> {
  const files = [...await doors(), ...await filesBelow("src", /\.ts$/), ...await filesBelow("docs", /\.md$/)];
  if (await exists("README.md")) files.push("README.md");
  const all = [...new Set(files)];
  const flags = ["--doc", "--allow-all", "--quiet", `--preload=${STRICT}`, ...await stdFlags()];
  const onDeno = await denoCommand("test", ...flags, ...all);
  const texts = await Promise.all(all.map(async (file) => examplesIn(file, await Deno.readTextFile(file))));
  return joined([onDeno, await elsewhere(texts.flat())]);
}

/** The blocks of a file that are meant for Bun or Node. */
export function examplesIn(file: string, text: string): Example[] {
  const fence = /^( \* )?```ts ignore (\w+)\n([\s\S]*?)^(?: \* )?```$/gm;
  return [...text.matchAll(fence)].map(({ index, 1: prefix, 2: runtime = "", 3: code = "" }) => ({
    at: `${file}:${text.slice(0, index).split("\n").length}`,
    runtime,
    code: prefix === undefined ? code : code.replace(/^ \* ?/gm, ""),
  }));
}

async function elsewhere(list: readonly Example[]): Promise<Verdict> {
  const problems: string[] = [];
  for (const example of list) problems.push(...await run(example));
  return { problems, note: `${list.length} of them on Bun or Node` };
}

async function run({ at, runtime, code }: Example): Promise<string[]> {
  const command = COMMANDS[runtime];
  if (command === undefined) return [`${at}: no runtime is called "${runtime}"`];
  // Inside the repository, where the package's own name leads to its source.
  await Deno.mkdir(`${cache}/examples`, { recursive: true });
  const file = `${cache}/examples/${at.replace(/\W/g, "_")}.ts`;
  await Deno.writeTextFile(file, code);
  const [program = "", ...args] = await command();
  const result = await runChild(program, { args: [...args, file], limitMs: 120_000 });
  const ending = result.timedOut ? "does not end" : `ends with exit code ${result.code}`;
  return result.code === 0 && !result.timedOut ? [] : [`${at}: example ${ending} on ${runtime}\n${result.output}`];
}
