/** Turns what a runtime's test command prints into a line per file, and failures in full. */
import { FAILED, type Print } from "./suite.ts";

/** How the lines of a runtime's test command look. */
export interface Syntax {
  /** Starts a file; group 1 is its path. */
  header: RegExp;
  pass: RegExp;
  fail: RegExp;
}

/**
 * `bun test`, which ends with a list of what failed and its own counts, and tools/node_reporter.mjs, which writes the
 * same but names the file in which a test was declared.
 */
export const BUN_SYNTAX: Syntax = {
  header: /^(\S+\.ts):$|^\d+ tests? failed:$|^ \d+ pass$/,
  pass: /^\(pass\) /,
  fail: /^\(fail\) |^error: |^# Unhandled/,
};

/** `deno test`. Its list of errors comes after all files and counts as one more. */
export const DENO_SYNTAX: Syntax = {
  header: /^running \d+ tests? from (?:\.\/)?(.+)$|^ (?:ERRORS|FAILURES) $|^error: Test failed$/,
  pass: / \.\.\. ok \(/,
  fail: / \.\.\. FAILED|^error: /,
};

/** Takes the output line by line. */
export class Progress {
  readonly #syntax: Syntax;
  readonly #print: Print;
  #file = "";
  #passed = 0;
  #failed = 0;
  #lines: string[] = [];

  constructor(syntax: Syntax, print: Print) {
    this.#syntax = syntax;
    this.#print = print;
  }

  /** One line of output. */
  line(line: string): void {
    const header = this.#syntax.header.exec(line);
    if (header !== null) this.#startFile(header[1] ?? "");
    else if (this.#syntax.pass.test(line)) this.#passed++;
    else this.#keep(line);
  }

  /** The end of the output. @param unexplained Whether the command failed and no test did: then all that is left is shown. */
  end(unexplained = false): void {
    if (unexplained) this.#failed++;
    this.#startFile("");
  }

  #keep(line: string): void {
    if (this.#syntax.fail.test(line)) this.#failed++;
    this.#lines.push(line);
  }

  #startFile(file: string): void {
    if (this.#failed > 0) this.#printFailures();
    else if (this.#passed > 0) this.#print(`${this.#file}: ${this.#passed} passed`);
    this.#file = file;
    this.#passed = this.#failed = 0;
    this.#lines = [];
  }

  #printFailures(): void {
    const title = this.#file === "" ? [] : [`${this.#file}: ${FAILED}`];
    this.#print([...title, ...this.#lines.map((line) => `  ${line}`)].join("\n"), FAILED);
  }
}
