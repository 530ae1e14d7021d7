/** npm packages that only some tools need: fetched on first use, into .cache, by Deno alone. */
import { runDeno } from "./child.ts";
import { cache } from "./repo.ts";
import { Unavailable } from "./unavailable.ts";

/** `linux-x64` and the like, as npm packages for one platform are named. */
export function platform(): string {
  const { os, arch } = Deno.build;
  return `${os === "windows" ? "win32" : os}-${arch === "x86_64" ? "x64" : "arm64"}`;
}

/**
 * The folder of an npm package, fetched if it is not there yet.
 *
 * @param name Its name.
 * @param range The versions that will do; a change fetches anew.
 * @throws {Unavailable} when it cannot be fetched.
 */
export async function npmPackage(name: string, range: string): Promise<string> {
  const home = await npmPackages(`${name.replace("/", "+")}@${range.replace(/[^\w.-]/g, "")}`, { [name]: range });
  return `${home}/node_modules/${name}`;
}

/** Those on their way: two who want the same must not write at the same time. */
const fetching = new Map<string, Promise<string>>();

/**
 * A folder with some npm packages, fetched if they are not there yet.
 *
 * @param folder Its name.
 * @param dependencies Names of the packages and the versions that will do; a change fetches anew.
 * @param onFetch Called when that takes a moment.
 * @throws {Unavailable} when they cannot be fetched.
 */
export function npmPackages(
  folder: string,
  dependencies: Record<string, string>,
  onFetch: () => void = () => {},
): Promise<string> {
  const fetched = fetching.get(folder) ?? fetchPackages(folder, dependencies, onFetch);
  fetching.set(folder, fetched);
  return fetched;
}

async function fetchPackages(
  folder: string,
  dependencies: Record<string, string>,
  onFetch: () => void,
): Promise<string> {
  const home = `${cache}/npm/${folder}`;
  const marker = `${home}/fetched`;
  const manifest = JSON.stringify({ dependencies });
  if (await Deno.readTextFile(marker).catch(() => undefined) === manifest) return home;
  onFetch();
  await Deno.mkdir(home, { recursive: true });
  // Both files: Deno must take this folder for a project of its own, not for a part of ours.
  await Deno.writeTextFile(`${home}/package.json`, manifest);
  await Deno.writeTextFile(`${home}/deno.json`, JSON.stringify({ nodeModulesDir: "auto", lock: false }));
  const { code, output } = await runDeno(["install", "--quiet"], { cwd: home });
  if (code !== 0) {
    const names = Object.keys(dependencies).join(", ");
    throw new Unavailable(`Cannot fetch ${names} from npm: ${firstError(output)}`);
  }
  await Deno.writeTextFile(marker, manifest);
  return home;
}

function firstError(output: string): string {
  return output.split("\n").find((line) => line.includes("error")) ?? output.trim();
}
