/** The built package, as a user installs it: on Node 20, Node 24 and Bun, and its types for a TypeScript program. */
import { type ChildResult, must, runChild } from "../support/child.ts";
import { pack } from "../support/packed.ts";
import { filesBelow, readJson, root } from "../support/repo.ts";
import { bun, node } from "../support/runtimes.ts";
import { sum, type Tally, tally } from "./junit.ts";
import { FAILED, type Print, type Runner } from "./suite.ts";

const TYPESCRIPT = "~5.9.0";
const PROGRAM_LIMIT_MS = 180_000;
const TSC = "node_modules/typescript/bin/tsc";
const NODE16 = ["--module", "node16", "--moduleResolution", "node16"];

/** Packs, installs in an empty folder and runs the programs of tests/package there. */
export const runPackage: Runner = async ({ print }) => {
  const folder = await Deno.makeTempDir({ prefix: "foxwire-package-" });
  try {
    await install(folder);
    const results: Tally[] = [];
    for (const check of CHECKS) results.push(await run(check, folder, print));
    return sum(results);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
};

/** A program, and the runtime that runs it in the folder of the installed package. */
interface Check {
  what: string;
  by(): Promise<{ path: string }>;
  args: readonly string[];
}

const node20 = () => node(20);
const node24 = () => node(24);

const CHECKS: readonly Check[] = [
  { what: "runs on Node 20", by: node20, args: ["roundtrip.mjs"] },
  { what: "runs on Node 24", by: node24, args: ["roundtrip.mjs"] },
  { what: "runs on Bun", by: bun, args: ["roundtrip.mjs"] },
  { what: "is required on Node 20", by: node20, args: ["required.cjs"] },
  { what: "is required on Node 24", by: node24, args: ["required.cjs"] },
  { what: "compiles", by: node24, args: [TSC] },
  { what: "compiles as node16", by: node24, args: [TSC, ...NODE16] },
];

async function run({ what, by, args }: Check, cwd: string, print: Print): Promise<Tally> {
  const { path } = await by();
  const { code, output, timedOut } = await runChild(path, { args, cwd, limitMs: PROGRAM_LIMIT_MS });
  const failed = code !== 0 || timedOut;
  if (failed) print(`${what}: ${timedOut ? "does not end" : `FAILED\n${output}`}`, FAILED);
  else print(`${what}: ok`);
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
