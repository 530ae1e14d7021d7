/** The built package, as a user installs it: on Node 20, Node 24 and Bun, and its types for a TypeScript program. */
import { type ChildResult, must, runChild } from "../support/child.ts";
import { pack } from "../support/packed.ts";
import { filesBelow, readJson, root } from "../support/repo.ts";
import { bun, node } from "../support/runtimes.ts";
import { sum, type Tally, tally } from "./junit.ts";
import type { Runner } from "./suite.ts";

const TYPESCRIPT = "~5.9.0";
const PROGRAM_LIMIT_MS = 30_000;
const TSC = "node_modules/typescript/bin/tsc";
const NODE16 = ["--module", "node16", "--moduleResolution", "node16"];

/** Packs, installs in an empty folder and runs the programs of tests/package there. */
export const runPackage: Runner = async () => {
  const folder = await Deno.makeTempDir({ prefix: "foxwire-package-" });
  try {
    await install(folder);
    const results: Tally[] = [];
    for (const check of CHECKS) results.push(await check(folder));
    return sum(results);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
};

/** What is done in the folder of the installed package. */
const CHECKS: readonly ((folder: string) => Promise<Tally>)[] = [
  async (folder) => await run("runs on Node 20", folder, (await node(20)).path, "roundtrip.mjs"),
  async (folder) => await run("runs on Node 24", folder, (await node(24)).path, "roundtrip.mjs"),
  async (folder) => await run("runs on Bun", folder, (await bun()).path, "roundtrip.mjs"),
  async (folder) => await run("is required on Node 20", folder, (await node(20)).path, "required.cjs"),
  async (folder) => await run("is required on Node 24", folder, (await node(24)).path, "required.cjs"),
  async (folder) => await run("compiles", folder, (await node(24)).path, TSC),
  async (folder) => await run("compiles as node16", folder, (await node(24)).path, TSC, ...NODE16),
];

async function run(what: string, cwd: string, program: string, ...args: string[]): Promise<Tally> {
  const { code, output, timedOut } = await runChild(program, { args, cwd, limitMs: PROGRAM_LIMIT_MS });
  const failed = code !== 0 || timedOut;
  console.log(`  package ${what}: ${timedOut ? "does not end" : failed ? `FAILED\n${output}` : "ok"}`);
  return tally(failed ? { failed: 1 } : { passed: 1 });
}

async function install(folder: string): Promise<void> {
  await pack(`${folder}/foxwire.tgz`);
  for (const path of await filesBelow("tests/package", /./)) {
    await Deno.copyFile(`${root}/${path}`, `${folder}/${path.slice("tests/package/".length)}`);
  }
  const { name } = await readJson<{ name: string }>("deno.json");
  const manifest = {
    private: true,
    type: "module",
    dependencies: { [name]: "file:./foxwire.tgz" },
    devDependencies: { typescript: TYPESCRIPT, "@types/node": "^20.0.0" },
  };
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(manifest));
  await must(runInstaller(folder));
}

/** npm, or Bun where there is none. */
async function runInstaller(cwd: string): Promise<ChildResult> {
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  try {
    return await runChild(npm, { args: ["install", "--no-audit", "--no-fund"], cwd });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return await runChild((await bun()).path, { args: ["install"], cwd });
  }
}
