/** The programs of docs/embedding.md, as files that find the package and the web servers by their names. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import process from "node:process";

const DOCUMENT = new URL("../../docs/embedding.md", import.meta.url);

/** In the repository, where the package's own name leads to its source. */
const FOLDER = new URL("../../.cache/embedding/", import.meta.url);

/** A program begins with its name as a comment. @returns Its file, one for each process that asks. */
export function documentedProgram(name: string): URL {
  const text = readFileSync(DOCUMENT, "utf8");
  const programs = [...text.matchAll(/^```(?:js|ts) ignore\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm)];
  const program = programs.find(([, , title]) => title === name);
  if (program === undefined) throw new Error(`docs/embedding.md has no program "${name}"`);
  mkdirSync(FOLDER, { recursive: true });
  linkHosts();
  const file = new URL(`${process.pid}_${name}`, FOLDER);
  writeFileSync(file, program[1]!);
  return file;
}

function linkHosts(): void {
  try {
    symlinkSync("../npm/hosts/node_modules", new URL("node_modules", FOLDER), "junction");
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
}
