/** The package as npm gets it. */
import { must, runChild, runDeno } from "./child.ts";
import { readJson } from "./repo.ts";

/** Packs it into a file. */
export async function pack(file: string): Promise<void> {
  await must(runDeno(["run", "--allow-all", "tools/pack.ts", "--output", file]));
}

/** Packs it, and puts its files where a program in some folder finds them. What it depends on is left to the caller. */
export async function packInto(folder: string): Promise<void> {
  const { name } = await readJson<{ name: string }>("deno.json");
  const home = `${folder}/node_modules/${name}`;
  await Deno.mkdir(home, { recursive: true });
  await pack(`${folder}/package.tgz`);
  await must(runChild("tar", { args: ["-xzf", `${folder}/package.tgz`, "--strip-components=1", "-C", home] }));
}
