/** The portable suites in Chromium, bundled, and the client over Chromium's own `WebSocket`. */
import type { Report } from "../../tests/browser/page.ts";
import { type Browser, openPage } from "../support/chromium.ts";
import { bundle, inputsReaching } from "../support/esbuild.ts";
import { cache, root } from "../support/repo.ts";
import { type Tally, tally } from "./junit.ts";
import { BUN_SYNTAX, Progress } from "./progress.ts";
import { FAILED, type Print, type Runner } from "./suite.ts";

const PORTABLE = /^tests\/(util|protocol|transport|flow|server|client|browser)\//;
const HTML =
  `<!doctype html><meta charset="utf-8"><title>Foxwire</title><script type="module" src="/tests.js"></script>`;

/** Runs those of the files that a browser can run. */
export const runInBrowser: Runner = async ({ files, filter = "", limitMs, print }) => {
  const portable = files.filter((file) => PORTABLE.test(file));
  const bound = await inputsReaching(portable, /^node:/);
  const code = await bundleTests(portable.filter((file) => !bound.has(file)));
  if (bound.size > 0) print(`not for browsers, they need node: ${[...bound].join(", ")}`);
  // Loaded late: a server that does not load is a failure of this run alone.
  const { startRobot } = await import("../../tests/browser/robot.ts");
  const robot = await startRobot();
  try {
    return await new Run(code, limitMs, print).result({ server: robot.url, filter });
  } finally {
    await robot.close();
  }
};

async function bundleTests(files: readonly string[]): Promise<string> {
  const calls = files.map((file) => `await runFile("${file}", () => import("${root}/${file}"));`);
  const lines = [`import { finish, runFile } from "${root}/tests/browser/page.ts";`, ...calls, "await finish();"];
  await Deno.mkdir(cache, { recursive: true });
  const entry = `${cache}/browser_tests.ts`;
  await Deno.writeTextFile(entry, lines.join("\n"));
  return (await bundle(entry)).code;
}

/** One page load: serves the page, listens to its reports. */
class Run {
  readonly #code: string;
  readonly #limitMs: number;
  readonly #tally: Tally = tally();
  readonly #print: Print;
  readonly #progress: Progress;
  #file = "";
  #done = Promise.withResolvers<string | undefined>();

  constructor(code: string, limitMs: number, print: Print) {
    this.#code = code;
    this.#limitMs = limitMs;
    this.#print = print;
    this.#progress = new Progress(BUN_SYNTAX, print);
  }

  /** Loads the page, with parameters that it knows what to do with, and waits for its last report. */
  async result(parameters: Record<string, string>): Promise<Tally> {
    const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => this.#answer(request));
    const limit = setTimeout(() => this.#done.resolve(`did not end within ${this.#limitMs / 1000} s`), this.#limitMs);
    let browser: Browser | undefined;
    try {
      browser = await openPage(`http://127.0.0.1:${http.addr.port}/?${new URLSearchParams(parameters)}`);
      browser.ended.then(() => this.#done.resolve("ended by itself"));
      this.#close(await this.#done.promise);
      return this.#tally;
    } finally {
      clearTimeout(limit);
      await browser?.close();
      await http.shutdown();
    }
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response(HTML, { headers: { "content-type": "text/html" } });
    if (pathname === "/tests.js") return new Response(this.#code, { headers: { "content-type": "text/javascript" } });
    if (pathname === "/report") this.#take(await request.json() as Report);
    if (pathname === "/done") this.#done.resolve(undefined);
    return new Response(null, { status: 204 });
  }

  #take({ file, name, error }: Report): void {
    if (file !== this.#file) this.#progress.line(`${this.#file = file}:`);
    if (error !== undefined) error.split("\n").forEach((line) => this.#progress.line(line));
    this.#progress.line(`${error === undefined ? "(pass)" : "(fail)"} ${name}`);
    this.#tally[error === undefined ? "passed" : "failed"]++;
  }

  #close(problem: string | undefined): void {
    if (problem !== undefined) {
      this.#tally.failed++;
      this.#print(`The browser ${problem}; the last report was of ${this.#file || "nothing"}`, FAILED);
    }
    this.#progress.end();
  }
}
