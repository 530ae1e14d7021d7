/** The programs of tests/bundles in a folder of their own, with the package as npm gets it and what they are built with. */
import { filesBelow, readJson, root } from "../support/repo.ts";
import { type ChildOptions, must, runChild, type Running, startChild } from "../support/child.ts";
import { npmPackages } from "../support/npm.ts";
import { packInto } from "../support/packed.ts";
import { bun, node } from "../support/runtimes.ts";

const SOURCES = "tests/bundles";
const LIMIT_MS = 120_000;

interface Manifest {
  scripts: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** Where they are built and run, as their package.json files say. */
export class BundleApps {
  /** Has a folder for each, and the package in `node_modules`. */
  readonly folder: string;
  readonly #tools: string;

  private constructor(folder: string, tools: string) {
    this.folder = folder;
    this.#tools = tools;
  }

  /** Makes the folder, and fetches the bundlers. @throws {Unavailable} when they cannot be fetched. */
  static async make(): Promise<BundleApps> {
    // What the package itself depends on is fetched with them.
    const { dependencies } = await readJson<{ dependencies: Record<string, string> }>("package.json");
    const onFetch = () => console.log("  fetching bundlers from npm");
    const tools = await npmPackages("bundlers", { ...dependencies, ...await devDependencies() }, onFetch);
    const apps = new BundleApps(await Deno.makeTempDir({ dir: tools }), tools);
    await packInto(apps.folder);
    for (const path of await filesBelow(SOURCES, /./)) await apps.#copy(path);
    return apps;
  }

  /** Removes the folder. The bundlers stay. */
  async remove(): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Runs a script of a program's package.json to its end. @throws with its output when it fails. */
  async run(app: string, script: string): Promise<void> {
    for (const command of await this.#commands(app, script)) {
      const { program, options } = await this.#resolve(app, command);
      await must(runChild(program, options));
    }
  }

  /** Runs a script that goes on, and waits until a line of its output matches. */
  async start(
    app: string,
    script: string,
    { ready, flags = [] }: { ready: RegExp; flags?: string[] },
  ): Promise<Running> {
    const [command = ""] = await this.#commands(app, script);
    const { program, options } = await this.#resolve(app, command, flags);
    return await startChild(program, ready, options);
  }

  async #commands(app: string, script: string): Promise<string[]> {
    const { scripts } = await readJson<Manifest>(`${SOURCES}/${app}/package.json`);
    const text = scripts[script];
    if (text === undefined) throw new Error(`${SOURCES}/${app}/package.json has no script "${script}"`);
    return text.split(" && ");
  }

  async #resolve(
    app: string,
    command: string,
    flags: string[] = [],
  ): Promise<{ program: string; options: ChildOptions }> {
    const [name = "", ...args] = command.split(" ");
    const [program = "", ...first] = await this.#program(name);
    const options = { args: [...first, ...args, ...flags], cwd: `${this.folder}/${app}`, limitMs: LIMIT_MS };
    return { program, options };
  }

  /** What the first word of a command means: a runtime, or a program of a package, which Node runs. */
  async #program(name: string): Promise<string[]> {
    if (name === "deno") return [Deno.execPath()];
    if (name === "bun") return [(await bun()).path];
    const { path } = await node(24);
    return name === "node" ? [path] : [path, `${this.#tools}/node_modules/.bin/${name}`];
  }

  async #copy(path: string): Promise<void> {
    const target = `${this.folder}/${path.slice(SOURCES.length + 1)}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(`${root}/${path}`, target);
  }
}

/** Of all programs. */
async function devDependencies(): Promise<Record<string, string>> {
  const manifests = await filesBelow(SOURCES, /\/package\.json$/);
  const each = await Promise.all(manifests.map((path) => readJson<Manifest>(path)));
  return Object.assign({}, ...each.map((manifest) => manifest.devDependencies));
}
