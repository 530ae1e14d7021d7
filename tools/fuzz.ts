/**
 * The fuzzer, on one of the three runtimes; without limits, for a minute. What it finds is made as small as it can be, shown,
 * and written to tests/fuzz/regressions.json, which the tests play again. The exit code is 1 then.
 *
 * `deno task fuzz [--on deno|bun|node] [--minutes N] [--inputs N] [--runs N] [--seed S] [--only server,client,codec,frames] [--dry]`
 */
import { parseArgs } from "node:util";
import { stdFlags } from "./deno_std.ts";
import { namesIn, runMain } from "./support/main.ts";
import { bun, node } from "./support/runtimes.ts";

const MAIN = "tests/fuzz/main.ts";

/** Programs with their arguments. */
const COMMANDS: Record<string, () => Promise<[program: string, ...args: string[]]>> = {
  deno: async () => [Deno.execPath(), "run", "--allow-all", "--no-check", ...await stdFlags(), MAIN],
  bun: async () => [(await bun()).path, MAIN],
  node: async () => [(await node(24)).path, "--import", "./tools/node_std.mjs", MAIN],
};

async function main(): Promise<number> {
  // Whatever else there is, the fuzzer knows.
  const { values, tokens } = parseArgs({ options: { on: { type: "string" } }, strict: false, tokens: true });
  const { on = "deno" } = values as { on?: string };
  const [name] = namesIn(on, Object.keys(COMMANDS));
  const own = tokens.find((token) => token.kind === "option" && token.name === "on");
  const taken = own?.kind === "option" && !own.inlineValue ? 2 : 1;
  const args = own === undefined ? Deno.args : Deno.args.toSpliced(own.index, taken);
  const [program, ...before] = await COMMANDS[name!]!();
  const { code } = await new Deno.Command(program, { args: [...before, ...args] }).spawn().status;
  return code;
}

await runMain(main);
