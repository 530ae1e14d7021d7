/** deno.json, package.json, the source and the changelog say the same about the package. */
import { exists, readJson, root } from "../support/repo.ts";
import type { Verdict } from "./verdict.ts";

interface Manifest {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
}

/** The gate. */
export async function exports(): Promise<Verdict> {
  const deno = await readJson<Manifest>("deno.json");
  const problems = [...differences(deno, await readJson<Manifest>("package.json"))];
  for (const [name, path] of Object.entries(deno.exports)) {
    if (!await exists(path)) problems.push(`deno.json: export "${name}" points at ${path}, which is not there`);
  }
  for (const { file, version } of await versions()) {
    if (version !== deno.version) problems.push(`${file}: version is "${version}", in deno.json "${deno.version}"`);
  }
  return { problems, note: `${deno.name} ${deno.version}` };
}

/** Members in which two manifests differ. */
function differences(deno: Manifest, npm: Manifest): string[] {
  const members = ["name", "version", "license", "exports"] as const;
  return members
    .filter((member) => JSON.stringify(deno[member]) !== JSON.stringify(npm[member]))
    .map((member) => `package.json: "${member}" is not that of deno.json`);
}

/** The versions that stand outside the manifests. */
async function versions(): Promise<{ file: string; version: string }[]> {
  return [
    await versionIn("CHANGELOG.md", /^## \[?v?(\d+\.\d+\.\d+[^\s\]]*)/m),
    await versionIn("src/util/version.ts", /VERSION(?:: string)? = "([^"]+)"/),
  ];
}

async function versionIn(file: string, pattern: RegExp): Promise<{ file: string; version: string }> {
  const text = await Deno.readTextFile(`${root}/${file}`).catch(() => "");
  return { file, version: pattern.exec(text)?.[1] ?? "none" };
}
