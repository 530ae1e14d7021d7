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
  const home = `${cache}/npm/${name.replace("/", "+")}@${range.replace(/[^\w.-]/g, "")}`;
  const folder = `${home}/node_modules/${name}`;
  const marker = `${home}/fetched`;
  if (await Deno.stat(marker).then(() => true, () => false)) return folder;
  await Deno.mkdir(home, { recursive: true });
  // Both files: Deno must take this folder for a project of its own, not for a part of ours.
  await Deno.writeTextFile(`${home}/package.json`, JSON.stringify({ dependencies: { [name]: range } }));
  await Deno.writeTextFile(`${home}/deno.json`, JSON.stringify({ nodeModulesDir: "auto", lock: false }));
  const { code, output } = await runDeno(["install", "--quiet"], { cwd: home });
  if (code !== 0) throw new Unavailable(`Cannot fetch ${name} from npm: ${firstError(output)}`);
  await Deno.writeTextFile(marker, "");
  return folder;
}

function firstError(output: string): string {
  return output.split("\n").find((line) => line.includes("error")) ?? output.trim();
}
