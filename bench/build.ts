/** The C programs of the benchmark, built when they are needed. */
import { execFile } from "node:child_process";
import { mkdir, rename, stat } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = fileURLToPath(new URL("../.cache/bench/", import.meta.url));
const run = promisify(execFile);

/** Whether this machine can build them. */
export async function hasCompiler(): Promise<boolean> {
  return process.platform === "linux" && await run("cc", ["--version"]).then(() => true, () => false);
}

/** Path of a program, built from its source if that is newer. @throws when there is no C compiler. */
export async function buildNative(name: "sink" | "limit"): Promise<string> {
  const program = `${target}${name}`;
  const source = `${here}${name}.c`;
  if (await modified(program) > Math.max(await modified(source), await modified(`${here}native.h`))) return program;
  if (!await hasCompiler()) {
    throw new Error(
      `Cannot build bench/${name}.c: it needs Linux and a C compiler called "cc" (Debian: apt install gcc)`,
    );
  }
  await mkdir(target, { recursive: true });
  // Somebody else may be building or running it.
  const fresh = `${program}.${process.pid}`;
  await run("cc", ["-std=c11", "-O2", "-Wall", "-Wextra", "-o", fresh, source]);
  await rename(fresh, program);
  return program;
}

function modified(path: string): Promise<number> {
  return stat(path).then(({ mtimeMs }) => mtimeMs, () => 0);
}
