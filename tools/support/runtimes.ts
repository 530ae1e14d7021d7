/** Bun and Node: those of this machine where they will do, else fetched from npm. */
import { npmPackage, platform } from "./npm.ts";
import { Unavailable } from "./unavailable.ts";

/** A runtime to run things with. */
export interface Runtime {
  /** Path of its program. */
  path: string;
  version: string;
}

/** Bun 1.4 or later. @throws {Unavailable} when this machine has none and npm does not answer. */
export async function bun(): Promise<Runtime> {
  const installed = await runtimeAt("bun");
  if (installed !== undefined && isAtLeast(installed.version, 1, 4)) return installed;
  const name = platform().replace("win32", "windows").replace("arm64", "aarch64");
  return await fetched(`@oven/bun-${name}`, "^1.4.0", "bin/bun");
}

/** Node of one major version. @throws {Unavailable} when this machine has another and npm does not answer. */
export async function node(major: number): Promise<Runtime> {
  const installed = await runtimeAt("node");
  if (installed !== undefined && installed.version.startsWith(`${major}.`)) return installed;
  return await fetched(`node-${platform().replace("win32", "win")}`, `^${major}.0.0`, "bin/node");
}

async function fetched(name: string, range: string, program: string): Promise<Runtime> {
  const path = `${await npmPackage(name, range)}/${program}${Deno.build.os === "windows" ? ".exe" : ""}`;
  const runtime = await runtimeAt(path);
  if (runtime === undefined) throw new Unavailable(`Cannot run ${name} on this machine`);
  return runtime;
}

async function runtimeAt(path: string): Promise<Runtime | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(path, { args: ["--version"], stderr: "null" }).output();
    const version = new TextDecoder().decode(stdout).trim().replace(/^v/, "");
    return success ? { path, version } : undefined;
  } catch {
    // Not on the PATH, or not made for this machine.
    return undefined;
  }
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [has = 0, hasMinor = 0] = version.split(".").map(Number);
  return has > major || has === major && hasMinor >= minor;
}
