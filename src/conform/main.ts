/**
 * The command: `conform URL`.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { isSubprotocol, type Subprotocol } from "../protocol/constants.ts";
import { errorMessage, FoxgloveError } from "../util/errors.ts";
import type { Level } from "./case.ts";
import { CASES } from "./cases.ts";
import { CONFORM_DEFAULTS, type ConformOptions, type ConformResult } from "./options.ts";
import { conforms, countByLevel, LEVEL_NAMES, summaryLines, tapLines } from "./report.ts";
import { conform } from "./run.ts";
import { selected } from "./select.ts";

const HELP = `Tries whether a server of the Foxglove WebSocket protocol keeps its rules.

conform URL [flags]             the address: ws://localhost:8765

  --only NAME,…                 cases or groups; * stands for anything: services,subscribe/id-*
  --level must,should,extra     only rules of these levels
  --protocol NAME,… | all       subprotocols to speak; default: the newest that the server takes
  --answer MS                   how long to wait for one answer (${CONFORM_DEFAULTS.answerMs})
  --timeout MS                  how long one case may take in all (${CONFORM_DEFAULTS.caseMs})
  --json                        one JSON document instead of TAP
  --names                       list the cases and run none
  --help

Exit codes: 0 every must and should holds, 1 some do not, 2 there is no such server, or the flags are wrong.
Cases change nothing but what has a name from docs/conformance.md: run it against a robot at rest all the same.
`;

const FLAGS = {
  only: { type: "string" },
  level: { type: "string" },
  protocol: { type: "string" },
  answer: { type: "string" },
  timeout: { type: "string" },
  json: { type: "boolean" },
  names: { type: "boolean" },
  help: { type: "boolean" },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS; allowPositionals: true }>>["values"];

/** Runs the command with the arguments of this process, and ends it with the exit code. */
export async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2));
}

/** Runs the command. @returns The exit code. */
export async function run(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args, options: FLAGS, allowPositionals: true });
    if (values.help) return say(HELP, 0);
    if (values.names) return say(namesOf(values), 0);
    const [url] = positionals;
    if (url === undefined || positionals.length > 1) throw new TypeError("Give one address: conform ws://localhost:8765");
    return await tryServer(addressOf(url), values);
  } catch (error) {
    const expected = error instanceof TypeError || error instanceof RangeError || error instanceof FoxgloveError;
    process.stderr.write(`${expected ? errorMessage(error) : (error as Error).stack}\n`);
    return 2;
  }
}

async function tryServer(url: string, flags: Flags): Promise<number> {
  const results: ConformResult[] = [];
  const progress = flags.json && process.stderr.isTTY;
  let count = 0;
  const report = await conform(url, {
    ...optionsOf(flags),
    onStart: (plan) => {
      count = plan.count;
      if (!flags.json) lines("TAP version 14", `1..${count}`, `# "${plan.server}" at ${url}: ${plan.protocols.join(", ")}`);
    },
    onCase: (name) => progress && process.stderr.write(`\r\x1b[K${results.length + 1}/${count} ${name}`),
    onResult: (result) => {
      results.push(result);
      if (!flags.json) lines(...tapLines(results.length, result));
    },
  });
  if (progress) process.stderr.write("\r\x1b[K");
  const passed = conforms(results);
  if (flags.json) lines(JSON.stringify({ ...report, conforms: passed, counts: countByLevel(results) }, undefined, 2));
  else lines(...summaryLines(results), passed ? "# It conforms" : "# It does not conform");
  return passed ? 0 : 1;
}

function optionsOf(flags: Flags): ConformOptions {
  const options: ConformOptions = {
    answerMs: milliseconds("answer", flags.answer, CONFORM_DEFAULTS.answerMs),
    caseMs: milliseconds("timeout", flags.timeout, CONFORM_DEFAULTS.caseMs),
  };
  if (flags.protocol !== undefined) options.protocols = protocolsOf(flags.protocol);
  return { ...options, ...selectionOf(flags) };
}

function selectionOf({ only, level }: Flags): Pick<ConformOptions, "only" | "levels"> {
  return {
    ...(only === undefined ? {} : { only: only.split(",") }),
    ...(level === undefined ? {} : { levels: level.split(",").map(levelOf) }),
  };
}

function namesOf(flags: Flags): string {
  const cases = selected(CASES, selectionOf(flags));
  return cases.map(({ level, name, rule }) => `${level.padEnd(6)} ${name}: ${rule}\n`).join("");
}

function levelOf(name: string): Level {
  const level = LEVEL_NAMES.find((level) => level === name);
  if (level === undefined) throw new TypeError(`Unknown level "${name}": there are ${LEVEL_NAMES.join(", ")}`);
  return level;
}

function protocolsOf(list: string): readonly Subprotocol[] | "all" {
  if (list === "all") return list;
  return list.split(",").map((name) => {
    if (!isSubprotocol(name)) throw new TypeError(`Unknown subprotocol "${name}"`);
    return name;
  });
}

function milliseconds(flag: string, value: string | undefined, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value);
  if (!(number > 0)) throw new TypeError(`--${flag} wants a number of milliseconds, not "${value}"`);
  return number;
}

function addressOf(url: string): string {
  if (/^wss?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new TypeError(`"${url}" is no address: it begins with ws:// or wss://`);
}

function lines(...texts: string[]): void {
  process.stdout.write(`${texts.join("\n")}\n`);
}

function say(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}
