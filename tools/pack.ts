/**
 * Packs the package for npm, as `deno pack` does with the same flags, without its list of internal modules.
 *
 * `deno task pack [--output file.tgz]`
 */
import { parseArgs } from "node:util";
import { must, runChild, runDeno } from "./support/child.ts";
import { runMain } from "./support/main.ts";
import { readJson, root } from "./support/repo.ts";

/** Only what public types mention gets a `.d.ts`; that this is enough is for the package's own test to say. */
const WITHOUT_TYPES = /^Could not generate types for /;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { output: { type: "string", short: "o" } } });
  const output = values.output ?? await defaultName();
  let withoutTypes = 0;
  const onLine = (line: string) => {
    if (WITHOUT_TYPES.test(line)) withoutTypes++;
    else console.log(line);
  };
  const args = ["pack", "--allow-dirty", "--no-source-maps", "--output", output];
  const { code } = await runDeno(args, { onLine });
  if (withoutTypes > 0) console.log(`${withoutTypes} internal modules go without types: nothing public mentions them`);
  if (code === 0) await changeManifest(output, { sideEffects: false });
  return code;
}

async function defaultName(): Promise<string> {
  const { name, version } = await readJson<{ name: string; version: string }>("deno.json");
  return `${root}/${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
}

/**
 * Adds to the package.json in a package what Deno has no word for: without `sideEffects`, a bundler takes the server
 * along into a page that imports the client from the door to everything.
 */
async function changeManifest(file: string, members: object): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await must(runChild("tar", { args: ["-xzf", file, "-C", folder] }));
    const path = `${folder}/package/package.json`;
    const manifest = { ...JSON.parse(await Deno.readTextFile(path)), ...members };
    await Deno.writeTextFile(path, JSON.stringify(manifest, null, 2));
    await must(runChild("tar", { args: ["-czf", file, "-C", folder, "package"] }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

await runMain(main);
