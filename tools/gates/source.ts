/** A little of TypeScript's grammar: where comments and strings are, and what a file imports. */

/** An import or a re-export of a file. */
export interface Import {
  specifier: string;
  /** Whether only types are taken, so that nothing is left of it when the program runs. */
  typeOnly: boolean;
  /** Counted from 1. */
  line: number;
}

const COMMENT = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const STRING = String.raw`"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`;
const TEMPLATE = "`(?:\\\\[\\s\\S]|[^`\\\\])*`";
// A slash divides after a name, a number or a closing bracket; elsewhere it opens a regular expression.
const REGEXP = String.raw`(?<=[=(,:;!&|?[{}+]\s*|\breturn\s)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/`;
const TOKEN = new RegExp(`(${COMMENT})|(${STRING})|(${TEMPLATE}|${REGEXP})`, "g");

/** The text with its comments as spaces, so that lines and columns stay. */
export function withoutComments(text: string): string {
  return text.replace(TOKEN, (token, comment) => comment === undefined ? token : spaces(token));
}

/** The text with comments, strings, templates and regular expressions as spaces. */
export function codeOnly(text: string): string {
  return text.replace(TOKEN, spaces);
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

const STATIC = /\b(?:import|export)\s+(type\s+)?([\w$*{},\s]*?)\s*from\s*["']([^"']+)["']/g;
const BARE_OR_DYNAMIC = /\bimport\s*\(?\s*["']([^"']+)["']/g;

/** Everything a file imports or re-exports, dynamically too. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  for (const { index, 1: type, 2: names = "", 3: specifier = "" } of code.matchAll(STATIC)) {
    found.push({ specifier, typeOnly: type !== undefined || onlyTypes(names), line: lineAt(text, index) });
  }
  for (const { index, 1: specifier = "" } of code.matchAll(BARE_OR_DYNAMIC)) {
    found.push({ specifier, typeOnly: false, line: lineAt(text, index) });
  }
  return found.sort((a, b) => a.line - b.line);
}

/** `{ type A, type B }` */
function onlyTypes(names: string): boolean {
  const inner = /^\{([^}]*)\}$/.exec(names.trim())?.[1] ?? "";
  const list = inner.split(",").map((name) => name.trim()).filter((name) => name !== "");
  return list.length > 0 && list.every((name) => name.startsWith("type "));
}

/** The line, counted from 1, on which a character stands. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
