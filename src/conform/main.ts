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
import { DRIVEN } from "./client/cases.ts";
import type { ClientConformOptions } from "./client/options.ts";
import { CLIENT_RULES, conformClient } from "./client/runner.ts";
import { CONFORM_DEFAULTS, type ConformOptions, type ConformResult } from "./options.ts";
import { conforms, countByLevel, LEVEL_NAMES, summaryLines, tapLines, verdictLines } from "./report.ts";
import { conform } from "./run.ts";
import type { OpenSocket } from "./web_socket_peer.ts";
import { selected } from "./select.ts";

const HELP = `Tries whether a server, or a client, of the Foxglove WebSocket protocol keeps its rules.

conform URL [flags]             a server, at its address: ws://localhost:8765
conform --client [flags]        a client: listens, and plays a scene with each connection

  --only NAME,…                 cases or groups; * stands for anything: services,subscribe/id-*
  --level must,should,extra     only rules of these levels
  --protocol NAME,… | all       subprotocols to speak; default: the newest that the server takes
  --answer MS                   how long to wait for one answer (${CONFORM_DEFAULTS.answerMs})
  --timeout MS                  how long one case may take in all (${CONFORM_DEFAULTS.caseMs})
  --json                        one JSON document instead of TAP
  --names                       list the cases and run none; with --json as JSON
  --ca FILE                     for wss:// the certificate to trust, or of who has signed it, as PEM
  --help

With --client:
  --command "PROGRAM …"         the client's driver: its last argument is the address, or {url} in them is; it is told by
                                lines of JSON what to do (docs/conformance.md). Without it connect a client that
                                reconnects and stays subscribed to "/conform": what needs no driver is tried
  --port N, --host NAME         where to listen (a free port, 127.0.0.1)
  --connect MS                  how long to wait for a connection (15000; 60000 without a driver)

Exit codes: 0 every must and should holds, 1 some do not, 2 there is no such server or client, or the flags are wrong.
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
  ca: { type: "string" },
  help: { type: "boolean" },
  client: { type: "boolean" },
  command: { type: "string" },
  port: { type: "string" },
  host: { type: "string" },
  connect: { type: "string" },
} as const;

type CommonOptions = Pick<ConformOptions, "answerMs" | "caseMs" | "protocols" | "only" | "levels">;
type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS; allowPositionals: true }>>["values"];

/** Runs the command with the arguments of this process, and ends it with the exit code. */
export async function main(): Promise<void> {
  const code = await run(process.argv.slice(2));
  // What was written has to arrive first. A server that answers no Close frame would keep the process for ever.
  process.stdout.write("", () => process.exit(code));
}

/** Runs the command. @returns The exit code. */
export async function run(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args, options: FLAGS, allowPositionals: true });
    if (values.help) return say(HELP, 0);
    if (values.names) return say(namesOf(values), 0);
    if (values.client) return await tryClient(values, positionals);
    const [url] = positionals;
    if (url === undefined || positionals.length > 1) {
      throw new TypeError("Give one address: conform ws://localhost:8765");
    }
    return await tryServer(addressOf(url), values);
  } catch (error) {
    const expected = error instanceof TypeError || error instanceof RangeError || error instanceof FoxgloveError;
    process.stderr.write(`${expected ? errorMessage(error) : (error as Error).stack}\n`);
    if (args.includes("--json")) lines(JSON.stringify({ error: errorMessage(error), conforms: false }, undefined, 2));
    return 2;
  }
}

async function tryServer(url: string, flags: Flags): Promise<number> {
  const onClient = (["command", "port", "host", "connect"] as const).find((flag) => flags[flag] !== undefined);
  if (onClient !== undefined) throw new TypeError(`--${onClient} goes with --client`);
  const printer = new Printer(flags);
  const sockets = flags.ca === undefined ? {} : { webSocket: await trusting(flags.ca) };
  const report = await printer.watch(() =>
    conform(url, {
      ...optionsOf(flags),
      ...printer.hooks,
      ...sockets,
      onDied: (name) => printer.bailOut(`The server takes no connections any more, since ${name}`),
      onStart: (plan) => printer.start(plan.count, `"${plan.server}" at ${url}: ${plan.protocols.join(", ")}`),
    })
  );
  return printer.end(report, report.died);
}

/** Opens sockets that trust a certificate of the user's own. The standard `WebSocket` of no runtime can be told to. */
async function trusting(file: string): Promise<OpenSocket> {
  const { readFile } = await import("node:fs/promises");
  const ca = await readFile(file, "utf8").catch((error) => {
    throw new TypeError(`--ca wants a file that can be read: ${errorMessage(error)}`);
  });
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) throw new TypeError(`--ca wants a PEM file, which "${file}" is not`);
  const { webSocket } = await import("../runtime/node.ts");
  return (url, protocols) => webSocket(url, protocols, { ca });
}

async function tryClient(flags: Flags, positionals: readonly string[]): Promise<number> {
  if (flags.ca !== undefined) throw new TypeError("--ca goes with the address of a server");
  if (positionals.length > 0) {
    throw new TypeError(`--client takes no address, and "${positionals[0]}" is none of its flags`);
  }
  const printer = new Printer(flags);
  const driven = flags.command !== undefined;
  const report = await printer.watch(() =>
    conformClient({
      ...clientOptionsOf(flags),
      ...printer.hooks,
      onStart: ({ url, count }) => {
        printer.start(count, driven ? `"${flags.command}" at ${url}` : waitingFor(url));
        if (flags.json && !driven) process.stderr.write(`${waitingFor(url)}\n`);
      },
      onWait: (name) => process.stderr.write(`${name} waits for the client: connect it (again)\n`),
    })
  );
  return printer.end(report);
}

function waitingFor(url: string): string {
  return `Connect a client to ${url}, let it reconnect, and keep it subscribed to "/conform"`;
}

/** Prints results as they come, or all of them at the end. */
class Printer {
  readonly #json: boolean;
  readonly #progress: boolean;
  readonly #results: ConformResult[] = [];
  #count = 0;
  #bailedOut = false;

  constructor({ json = false }: Flags) {
    this.#json = json;
    this.#progress = json && process.stderr.isTTY;
  }

  readonly hooks = {
    onCase: (name: string): void => {
      if (this.#progress) process.stderr.write(`\r\x1b[K${this.#results.length + 1}/${this.#count} ${name}`);
    },
    onResult: (result: ConformResult): void => {
      this.#results.push(result);
      if (!this.#json && !this.#bailedOut) lines(...tapLines(this.#results.length, result));
    },
  };

  start(count: number, what: string): void {
    this.#count = count;
    if (!this.#json) lines("TAP version 14", `1..${count}`, `# ${what}`);
  }

  /** Nothing can be tried any more: what follows is not worth a line. */
  bailOut(why: string): void {
    this.#bailedOut = true;
    if (!this.#json) lines(`Bail out! ${why.replaceAll("\n", " ")}`);
  }

  /** Runs the suite; if that ends with an error after it has begun, TAP says so, too. */
  async watch<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (this.#count > 0) this.bailOut(errorMessage(error));
      throw error;
    }
  }

  /** @param died After which case the server has. @returns The exit code. */
  end(report: object, died?: string): number {
    if (this.#progress) process.stderr.write("\r\x1b[K");
    const passed = conforms(this.#results) && died === undefined;
    const whole = { ...report, conforms: passed, counts: countByLevel(this.#results) };
    if (this.#json) lines(JSON.stringify(whole, undefined, 2));
    else lines(...summaryLines(this.#results), ...verdictLines(this.#results, died));
    return passed ? 0 : 1;
  }
}

function clientOptionsOf(flags: Flags): ClientConformOptions {
  const { command, host, port, connect } = flags;
  return {
    ...optionsOf(flags),
    ...(command === undefined ? {} : { driver: command }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: portOf(port) }),
    ...(connect === undefined ? {} : { connectMs: milliseconds("connect", connect, 0) }),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw new TypeError(`--port wants a number from 0 to 65535, not "${text}"`);
}

/** What servers and clients have in common. */
function optionsOf(flags: Flags): CommonOptions {
  const options: CommonOptions = {
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
  const cases = selected(flags.client ? CLIENT_RULES : CASES, selectionOf(flags));
  const driven = (name: string) => flags.client && DRIVEN.has(name);
  if (flags.json) {
    const list = cases.map(({ name, level, rule, source }) => ({
      ...{ name, level, rule, source },
      ...(flags.client ? { driver: driven(name) } : {}),
    }));
    return `${JSON.stringify(list, undefined, 2)}\n`;
  }
  const mark = (name: string) => driven(name) ? " (needs a driver)" : "";
  return cases.map(({ level, name, rule }) => `${level.padEnd(6)} ${name}${mark(name)}: ${rule}\n`).join("");
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
