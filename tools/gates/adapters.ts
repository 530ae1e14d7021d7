/** Every adapter in src/runtime, a module by which connections come in, is run by a test. */
import { filesBelow, root } from "../support/repo.ts";
import type { Verdict } from "./verdict.ts";

const TAKES_CONNECTIONS = /^export (?:async )?function (?:listen|upgrade|attach)\b/m;

/** The gate. */
export async function adapters(): Promise<Verdict> {
  const sources = await read(await filesBelow("src/runtime", /\.ts$/));
  const tests = await read([
    ...await filesBelow("tests/runtime", /_test\.ts$/),
    ...await filesBelow("tests/embedding", /\.ts$/),
  ]);
  const names = sources.filter(({ text }) => TAKES_CONNECTIONS.test(text)).map(({ path }) => nameOf(path));
  const untested = names.filter((name) => !tests.some((test) => runs(test, name)));
  return {
    problems: untested.map((name) =>
      `src/runtime/${name}.ts: no test in tests/runtime or tests/embedding is named after it or imports it`
    ),
    note: names.join(", "),
  };
}

interface Source {
  path: string;
  text: string;
}

function read(paths: readonly string[]): Promise<Source[]> {
  return Promise.all(paths.map(async (path) => ({ path, text: await Deno.readTextFile(`${root}/${path}`) })));
}

function nameOf(path: string): string {
  return path.replace(/^.*\//, "").replace(/\.ts$/, "");
}

function runs({ path, text }: Source, name: string): boolean {
  return nameOf(path) === `${name}_test` || text.includes(`/runtime/${name}.ts"`) ||
    text.includes(`"@foxwire/foxwire/${name}"`);
}
