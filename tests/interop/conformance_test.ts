/**
 * What docs/conformance.md says of other servers is so: each rule that it says they break they break, and no other.
 * `deno task conform:peers` looks at all of them, and at all levels; otherwise it is those whose results a loaded machine
 * does not change.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { assertEquals } from "@std/assert";
import type { ConformResult } from "@foxwire/foxwire/conform";
import { pythonTest } from "../support/python_peer.ts";
import { runtime, test } from "../support/test.ts";
import { type Peer, PEERS, play, tryPeer } from "./conformance.ts";

const ALL = process.env.CONFORM_PEERS === "all";

/** What shows by what does not come need not be waited for. */
const IMPATIENT = { answerMs: 1_000, ...(ALL ? {} : { levels: ["must", "should"] as const }) };

/** Who fails where it should not is given time. */
const PATIENT = { answerMs: 5_000, caseMs: 120_000 };

/** A row of the table: the rules that it is about, and the peers that break them, always or at times. */
interface Row {
  rules: RegExp;
  level: string;
  always: ReadonlySet<string>;
  atTimes: ReadonlySet<string>;
}

const ROWS = readRows(readFileSync(new URL("../../docs/conformance.md", import.meta.url), "utf8"));

/** Rows like "| `group/rule`, `group/*-rule` | must | fails | at times | | why |" below the table's head. */
function readRows(text: string): Row[] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => /^\| rule +\| level +\| SDK +\| Python +\| npm /.test(line));
  const cells = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());
  const [, , ...peers] = cells(lines[start]!);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) => {
    const [rules = "", level = "", ...marks] = cells(line);
    const marked = (mark: string) => new Set(peers.filter((_, index) => marks[index] === mark));
    return { rules: patternOf(rules), level, always: marked("fails"), atTimes: marked("at times") };
  });
}

function patternOf(rules: string): RegExp {
  const names = [...rules.matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replaceAll("*", "[\\w-]*"));
  return new RegExp(`^(${names.join("|")})$`);
}

/** Why the table is wrong about a result; nothing where it is right. */
function contradiction({ name }: Peer, result: ConformResult): string | undefined {
  const rows = ROWS.filter(({ rules }) => rules.test(result.name));
  if (rows.some(({ atTimes }) => atTimes.has(name))) return undefined;
  const row = rows.find(({ always }) => always.has(name));
  if ((row !== undefined) !== (result.outcome === "failed")) {
    const { outcome, expected, got } = result;
    return `${result.name} (${result.level}) ${outcome}: ${expected}; ${got}`;
  }
  return row === undefined || row.level === result.level ? undefined : `${result.name} has level ${result.level}`;
}

/** What the table says that is not so. What a slow moment of the machine may have done is tried again. */
async function contradictions(peer: Peer): Promise<string[]> {
  const doubtful = (await tryPeer(peer, IMPATIENT)).filter((result) => contradiction(peer, result) !== undefined);
  if (doubtful.length === 0) return [];
  const again = await play(peer, { ...PATIENT, only: doubtful.map(({ name }) => name) });
  return again.flatMap((result) => contradiction(peer, result) ?? []);
}

/** The peers are the same everywhere, and so is the suite. */
if (runtime === "deno") {
  for (const name of ["SDK", "npm", ...(ALL ? ["Python"] : [])]) {
    const declare = name === "npm" ? test : pythonTest;
    declare(`docs/conformance.md says which rules the ${name} server breaks`, async () => {
      const peers = PEERS.filter((peer) => peer.name === name);
      assertEquals((await Promise.all(peers.map(contradictions))).flat(), []);
    });
  }
}
