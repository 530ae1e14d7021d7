/** The package in bundlers, pages, workers and programs of one file: tests/bundles, each built and run. */
import { BundleApps } from "../bundles/apps.ts";
import { serveFiles } from "../bundles/files_server.ts";
import { pageReceives, serviceServes } from "../bundles/proof.ts";
import { node } from "../support/runtimes.ts";
import { Unavailable } from "../support/unavailable.ts";
import { kilobytes, weigh } from "../support/weigh.ts";
import { sum, type Tally, tally } from "./junit.ts";
import { FAILED, type Print, type Runner, type SuiteOptions } from "./suite.ts";

/** Something that only the server says: it has no place in a page. */
const SERVER_ONLY = "is already advertising channel";

/** What an error is called in a page, minified or not. */
const ERROR_NAME = "ConnectionError";

const DENO = [Deno.execPath(), "run", "--allow-net", "--allow-env"];
const DEEP = { recursive: true };

/** Builds something and runs it. Gives what there is to say of it. */
type Check = (apps: BundleApps) => Promise<string | void>;
type Checks = Readonly<Record<string, Check>>;

const BUNDLES: Checks = {
  "Vite, development server": (apps) => servedByVite(apps, "dev"),
  "Vite, types, build and preview": async (apps) => {
    await apps.run("vite", "build");
    await servedByVite(apps, "preview");
    return await weighPage(`${apps.folder}/vite/dist/assets`);
  },
  "esbuild": (apps) => builtPage(apps, "esbuild"),
  "Rollup": (apps) => builtPage(apps, "rollup"),
  "webpack": (apps) => builtPage(apps, "webpack"),
  "a page and a worker without a bundler": (apps) => servedAsFiles(apps, "module"),
  "esbuild for Node 20": async (apps) => builtScript(apps, "esbuild", [(await node(20)).path]),
  "deno run": (apps) => serviceServes([...DENO, "main.ts"], `${apps.folder}/service`),
  "deno bundle": (apps) => builtScript(apps, "deno-bundle", DENO),
  "bun build --compile": (apps) => builtProgram(apps, "bun"),
};

const COMPILED: Checks = {
  "deno compile": async (apps) => {
    try {
      return await builtProgram(apps, "deno");
    } catch (error) {
      throw OUT_OF_REACH.test(`${error}`) ? new Unavailable("dl.deno.land cannot be reached from here") : error;
    }
  },
};

/** What Deno says when it cannot fetch its runtime for programs. */
const OUT_OF_REACH = /error sending request for url \(https:\/\/dl\.deno\.land/;

/** Builds and runs them all. */
export const runBundles: Runner = (options) => runChecks(BUNDLES, options);

/** What needs a file of dl.deno.land, which not every machine can reach. */
export const runCompiled: Runner = (options) => runChecks(COMPILED, options);

async function runChecks(checks: Checks, { filter = "", print }: SuiteOptions): Promise<Tally> {
  const apps = await BundleApps.make();
  try {
    const results: Tally[] = [];
    for (const [title, check] of Object.entries(checks)) {
      if (title.includes(filter)) results.push(await outcome(title, check(apps), print));
    }
    return sum(results);
  } finally {
    await apps.remove();
  }
}

async function outcome(title: string, checked: Promise<string | void>, print: Print): Promise<Tally> {
  try {
    const note = await checked;
    print(`${title}: ok${note ? `, ${note}` : ""}`);
    return tally({ passed: 1 });
  } catch (error) {
    const isSkipped = error instanceof Unavailable;
    if (isSkipped) print(`${title}: skipped: ${error.message}`);
    else print(`${title}: FAILED\n${error}`, FAILED);
    return tally(isSkipped ? { skipped: 1 } : { failed: 1 });
  }
}

async function servedByVite(apps: BundleApps, script: string): Promise<void> {
  const vite = await apps.start("vite", script, { ready: /http:\S+/, flags: ["--host", "127.0.0.1", "--port", "0"] });
  await pageReceives(vite.ready[0]).finally(() => vite.stop());
}

async function builtPage(apps: BundleApps, script: string): Promise<string> {
  await apps.run("page", script);
  await servedAsFiles(apps, "page");
  return await weighPage(`${apps.folder}/page/dist`).finally(() => Deno.remove(`${apps.folder}/page/dist`, DEEP));
}

async function servedAsFiles(apps: BundleApps, app: string): Promise<void> {
  const files = serveFiles(apps.folder);
  await pageReceives(`${files.url}/${app}/`).finally(() => files.close());
}

/** The weight of the largest script, which has the client. @throws when it is not what it should be. */
async function weighPage(folder: string): Promise<string> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const scripts = entries.map(({ name }) => name).filter((name) => name.endsWith(".js"));
  const texts = await Promise.all(scripts.map((name) => Deno.readTextFile(`${folder}/${name}`)));
  if (texts.some((text) => text.includes(SERVER_ONLY))) throw new Error(`Code of the server is in ${scripts}`);
  const client = texts.reduce((a, b) => a.length > b.length ? a : b, "");
  if (!client.includes(ERROR_NAME)) throw new Error(`The minifier has taken ${ERROR_NAME} for the name of a class`);
  return await weigh(client);
}

/** Builds one script of the service, and runs it where there is nothing else. */
async function builtScript(apps: BundleApps, script: string, by: readonly string[]): Promise<string> {
  await apps.run("service", script);
  const text = await Deno.readTextFile(`${apps.folder}/service/dist/robot.js`);
  if (!text.includes(SERVER_ONLY)) throw new Error(`The server does not say "${SERVER_ONLY}" any more`);
  await aloneServes(`${apps.folder}/service/dist/robot.js`, by);
  return await weigh(text);
}

/** Builds one program of the service, and runs it where there is nothing else. */
async function builtProgram(apps: BundleApps, script: string): Promise<string> {
  await apps.run("service", script);
  const program = `${apps.folder}/service/dist/robot${Deno.build.os === "windows" ? ".exe" : ""}`;
  const { size } = await Deno.stat(program);
  await aloneServes(program);
  return kilobytes(size);
}

/** Moves a file to an empty folder, where it has no node_modules, and runs it there. */
async function aloneServes(file: string, by: readonly string[] = []): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "foxwire-bundle-" });
  try {
    const path = `${folder}/${file.slice(file.lastIndexOf("/") + 1)}`;
    await Deno.copyFile(file, path);
    await Deno.remove(file);
    await serviceServes([...by, path], folder);
  } finally {
    await Deno.remove(folder, DEEP);
  }
}
