/** Stand-in for `parseArgs` of `@std/cli`, as far as the tools use it; see assert.ts. */

/** Which flags exist and of what kind; a string is given as `--flag value` or `--flag=value`. */
export interface ParseOptions {
  readonly boolean?: readonly string[];
  readonly string?: readonly string[];
  readonly collect?: readonly string[];
  readonly default?: Readonly<Record<string, unknown>>;
  /** Called with a flag that none of the lists names; return `false` to leave it out. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Flags by name; what is no flag stands in `_`. */
// deno-lint-ignore no-explicit-any -- as in @std/cli, whose values depend on the options
export type Args = { _: string[] } & Record<string, any>;

/** Reads flags out of a list of arguments. */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const found: Args = { _: [], ...emptyFlags(options), ...options.default };
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") found._.push(...rest.splice(0));
    else if (arg.startsWith("--")) readFlag(arg, rest, found, options);
    else found._.push(arg);
  }
  return found;
}

function emptyFlags({ boolean = [], collect = [] }: ParseOptions): Record<string, unknown> {
  return Object.fromEntries([...boolean.map((name) => [name, false]), ...collect.map((name) => [name, []])]);
}

function readFlag(arg: string, rest: string[], found: Args, options: ParseOptions): void {
  const [, name = "", inline] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
  if (options.collect?.includes(name)) {
    (found[name] as unknown[]).push(inline ?? takeValue(rest));
  } else if (options.string?.includes(name)) {
    found[name] = inline ?? takeValue(rest);
  } else if (options.boolean?.includes(name)) {
    found[name] = inline !== "false";
  } else if (options.unknown?.(arg, name, inline ?? true) !== false) {
    found[name] = inline ?? true;
  }
}

function takeValue(rest: string[]): string {
  return rest[0]?.startsWith("-") ? "" : rest.shift() ?? "";
}
