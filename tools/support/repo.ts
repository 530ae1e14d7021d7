/** Where things are in this repository. */
import { fileURLToPath } from "node:url";

/** The folder of deno.json, without a slash at its end. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/** Git-ignored folder for what the tools fetch and derive. */
export const cache = `${root}/.cache`;

/** The published entry points, as deno.json lists them. */
export async function doors(): Promise<string[]> {
  const { exports } = await readJson<{ exports: Record<string, string> }>("deno.json");
  return [...new Set(Object.values(exports).map((path) => path.replace(/^\.\//, "")))];
}

/** Parses a JSON file, its path relative to the root. */
export async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(`${root}/${path}`)) as T;
}

/** Paths, relative to the root and sorted, of the files below a folder that a pattern matches; none if it is absent. */
export async function filesBelow(folder: string, pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory && entry.name !== "node_modules") found.push(...await filesBelow(path, pattern));
    else if (pattern.test(path)) found.push(path);
  }
  return found.sort();
}

async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(`${root}/${folder}`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Whether a file or folder exists; its path relative to the root. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(`${root}/${path}`).then(() => true, () => false);
}
