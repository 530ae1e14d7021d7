import { assertEquals } from "@std/assert";
import { readdir, readFile, stat } from "node:fs/promises";
import { test } from "../support/test.ts";

const root = new URL("../../", import.meta.url);

/** A page without its code blocks, in which anything may look like a link. */
async function proseOf(url: URL): Promise<string> {
  return (await readFile(url, "utf8")).replace(/^```.*?^```$/gms, "");
}

/** What GitHub calls the headings of a page. */
function anchorsOf(prose: string): string[] {
  const slug = (heading: string) => heading.toLowerCase().replace(/[^\w\- ]/g, "").trim().replaceAll(" ", "-");
  return Array.from(prose.matchAll(/^#+ (.*)$/gm), ([, heading = ""]) => slug(heading));
}

/** Why a link of a page leads nowhere, if it does. */
async function problemOf(page: URL, link: string): Promise<string | undefined> {
  const target = new URL(link, page);
  const { hash } = target;
  target.hash = "";
  if (!await stat(target).then(() => true, () => false)) return `${page.pathname}: ${link} is not there`;
  if (hash === "" || anchorsOf(await proseOf(target)).includes(hash.slice(1))) return undefined;
  return `${page.pathname}: ${link} has no such heading`;
}

test("every link of the documentation to a place in the repository leads somewhere", async () => {
  const inside = async (folder: string) => (await readdir(new URL(folder, root))).map((name) => `${folder}${name}`);
  const names = [...await inside("./"), ...await inside("docs/"), "bench/README.md"];
  const problems: (string | undefined)[] = [];
  for (const name of names.filter((name) => name.endsWith(".md"))) {
    const page = new URL(name, root);
    for (const [, link = ""] of (await proseOf(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^[a-z]+:/.test(link)) problems.push(await problemOf(page, link));
    }
  }
  assertEquals(problems.filter((problem) => problem !== undefined), []);
});
