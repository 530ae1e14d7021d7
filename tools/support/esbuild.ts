/** Bundles for the browser, by esbuild's program for this platform. */
import { runChild } from "./child.ts";
import { npmPackage, platform } from "./npm.ts";

const ESBUILD = "0.28.2";

/** A bundle and what went into it. */
export interface Bundle {
  code: string;
  /** Paths relative to the root. */
  inputs: string[];
}

interface Metafile {
  inputs: Record<string, { imports: { path: string }[] }>;
}

/** Bundles a module as one ES module for current browsers. @throws with esbuild's messages when that cannot be done. */
export async function bundle(entry: string, options: { minify?: boolean } = {}): Promise<Bundle> {
  const { outputs, meta } = await esbuild([entry, "--format=esm", ...(options.minify ? ["--minify"] : [])]);
  return { code: outputs[0] ?? "", inputs: Object.keys(meta.inputs) };
}

/** Those of some modules that import, directly or not, something that a pattern matches. */
export async function inputsReaching(entries: readonly string[], pattern: RegExp): Promise<Set<string>> {
  const { meta } = await esbuild([...entries, "--format=esm", "--external:node:*"]);
  const reaches = (path: string, seen: Set<string>): boolean => {
    if (seen.has(path)) return false;
    seen.add(path);
    return pattern.test(path) || (meta.inputs[path]?.imports ?? []).some((entry) => reaches(entry.path, seen));
  };
  return new Set(entries.filter((entry) => reaches(entry, new Set())));
}

async function esbuild(args: readonly string[]): Promise<{ outputs: string[]; meta: Metafile }> {
  const program = `${await npmPackage(`@esbuild/${platform()}`, ESBUILD)}/${
    Deno.build.os === "windows" ? "esbuild.exe" : "bin/esbuild"
  }`;
  const folder = await Deno.makeTempDir();
  try {
    const common = ["--bundle", "--platform=browser", "--target=es2022", "--log-level=warning"];
    const files = [`--outdir=${folder}`, `--metafile=${folder}/meta.json`];
    const { code, output } = await runChild(program, { args: [...args, ...common, ...files] });
    if (code !== 0) throw new Error(`Cannot bundle:\n${output}`);
    return { outputs: await scriptsIn(folder), meta: JSON.parse(await Deno.readTextFile(`${folder}/meta.json`)) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function scriptsIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const names = entries.map(({ name }) => name).filter((name) => name.endsWith(".js"));
  return await Promise.all(names.map((name) => Deno.readTextFile(`${folder}/${name}`)));
}
