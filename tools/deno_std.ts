/**
 * Launcher for Deno commands that need `@std/*`: `deno run -A tools/deno_std.ts test -A tests/`.
 *
 * Where JSR answers, the command runs as it is. Where it does not, the command gets an import map, derived from
 * deno.json, that points `@std/*` at the stand-ins in tools/offline_std.
 */

const root = new URL("../", import.meta.url);
const remembered = new URL(".cache/jsr_unreachable", root);
const PROBE_LIMIT_MS = 5_000;
/** A failure that came at once is not worth remembering: asking again costs nothing. */
const SLOW_PROBE_MS = 500;
const REMEMBER_MS = 3_600_000;

type Imports = Record<string, string>;

/** Flags for `deno check`, `deno test` and the like: none where JSR answers, else the import map of the stand-ins. */
export async function stdFlags(): Promise<string[]> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root))) as { imports: Imports };
  const modules = Object.values(imports).filter((target) => target.startsWith("jsr:@std/"));
  if (!await wasSlowToFail() && await isReachable(modules)) return [];
  return [`--import-map=data:application/json,${encodeURIComponent(JSON.stringify({ imports: offline(imports) }))}`];
}

function offline(imports: Imports): Imports {
  const entries = Object.entries(imports).map(([name, target]) => {
    const file = new URL(`tools/offline_std/${name.slice("@std/".length)}.ts`, root);
    return [name, name.startsWith("@std/") ? file.href : target];
  });
  return Object.fromEntries(entries);
}

async function wasSlowToFail(): Promise<boolean> {
  const { mtime } = await Deno.stat(remembered).catch(() => ({ mtime: null }));
  return mtime !== null && Date.now() - mtime.getTime() < REMEMBER_MS;
}

async function isReachable(modules: string[]): Promise<boolean> {
  const start = performance.now();
  const { success, stderr } = await probe(modules);
  // The network may be absent; a module that is not what it should be is never replaced in silence.
  if (/integrity|checksum/i.test(stderr)) throw new Error(`Cannot trust what JSR sent:\n${stderr}`);
  if (!success && performance.now() - start > SLOW_PROBE_MS) await remember();
  return success;
}

async function probe(modules: string[]): Promise<{ success: boolean; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-config", "--no-lock", ...modules],
    cwd: root,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const limit = setTimeout(() => kill(child), PROBE_LIMIT_MS);
  const { success, stderr } = await child.output();
  clearTimeout(limit);
  return { success, stderr: new TextDecoder().decode(stderr) };
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended in this very moment.
  }
}

async function remember(): Promise<void> {
  await Deno.mkdir(new URL("./", remembered), { recursive: true });
  await Deno.writeTextFile(remembered, `No answer from jsr.io at ${new Date().toISOString()}\n`);
}

if (import.meta.main) {
  const [command = "", ...args] = Deno.args;
  const flags = await stdFlags();
  if (flags.length > 0) console.error("JSR is out of reach: @std/* comes from tools/offline_std");
  const child = new Deno.Command(Deno.execPath(), { args: [command, ...flags, ...args] }).spawn();
  // Ctrl-C reaches the child by itself; the launcher stays to pass on how it ended.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.exit((await child.status).code);
}
