/**
 * Packs the package for npm, as `deno pack` does with the same flags, without its list of internal modules.
 *
 * `deno task pack [--output file.tgz]`
 */
import { runDeno } from "./support/child.ts";
import { runMain } from "./support/main.ts";

/** Only what public types mention gets a `.d.ts`; that this is enough is for the package's own test to say. */
const WITHOUT_TYPES = /^Could not generate types for /;

async function main(): Promise<number> {
  let withoutTypes = 0;
  const onLine = (line: string) => {
    if (WITHOUT_TYPES.test(line)) withoutTypes++;
    else console.log(line);
  };
  const { code } = await runDeno(["pack", "--allow-dirty", "--no-source-maps", ...Deno.args], { onLine });
  if (withoutTypes > 0) console.log(`${withoutTypes} internal modules go without types: nothing public mentions them`);
  return code;
}

await runMain(main);
