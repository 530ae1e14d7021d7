/** What docs/conformance.md says of the suite is so: counts, flags, words, and the addresses of sources. */
import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { CLIENT_RULES, SERVER_RULES } from "@foxwire/foxwire/conform";
import { CLIENT_CASES, DRIVEN } from "../../src/conform/client/cases.ts";
import { REPORTS, SKILLS } from "../../src/conform/client/case.ts";
import { parameterOffer, serviceOffer, topicOffer } from "../../src/conform/offers.ts";
import { FAULTS } from "./model/faults.ts";
import { test } from "../support/test.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const DOCS = read("docs/conformance.md");
const WORDS = DOCS.replaceAll(/\s+/g, " ");

test("the counts in docs/conformance.md are those of the suite", () => {
  const count = (pattern: RegExp) => Number(pattern.exec(WORDS)?.[1]);
  assertEquals(count(/can be given (\d+) faults/), Object.keys(FAULTS).length);
  assertEquals(count(/; (\d+) scenes with a driver/), CLIENT_CASES.length);
  assertEquals(count(/`\/conform`\. (\d+) scenes need nothing more/), CLIENT_CASES.length - DRIVEN.size);
});

test("docs/conformance.md has each group of cases, and each word of a driver", () => {
  const groups = [...SERVER_RULES, ...CLIENT_RULES].map(({ name }) => name.split("/")[0]!);
  assertEquals([...new Set(groups)].filter((group) => !new RegExp(`[\`… ]${group}[\` ]`).test(DOCS)), []);
  assertEquals(REPORTS.filter((word) => !DOCS.includes(`{"got":"${word}"`)), []);
  const told = SKILLS.filter((word) => word !== "reconnect" && !REPORTS.includes(word as typeof REPORTS[number]));
  assertEquals(told.filter((word) => !DOCS.includes(`"do":"${word}"`)), []);
});

test("docs/conformance.md has each name that a case asks for, and it is known what is behind it", () => {
  const names = (need: "topic" | "service" | "parameter") =>
    [...new Set(SERVER_RULES.map((rule) => (rule as { needs?: Record<string, string> }).needs?.[need]))]
      .filter((name) => name !== undefined);
  const offers = { topic: topicOffer, service: serviceOffer, parameter: parameterOffer };
  for (const [need, offer] of Object.entries(offers)) {
    const wanted = names(need as keyof typeof offers);
    assertEquals(wanted.filter((name) => !DOCS.includes(`\`${name}\``)), [], need);
    assertEquals(wanted.filter((name) => !offer(name).includes(": ")), [], need);
  }
});

/** The addresses of the headings of a document. */
function anchorsOf(path: string): string[] {
  const headings = read(path).match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) =>
    heading.replace(/^#+ /, "").toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-")
  );
}

test("each source has an address; those in this repository exist", () => {
  const urls = [...new Set([...SERVER_RULES, ...CLIENT_RULES].map(({ source }) => source.url))];
  const [own, others] = [urls.filter((url) => url.startsWith("docs/")), urls.filter((url) => !url.startsWith("docs/"))];
  const missing = own.filter((url) => {
    const [path, anchor] = url.split("#") as [string, string];
    return !anchorsOf(path).includes(anchor);
  });
  assertEquals(missing, []);
  assertEquals(own.length > 5, true);
  assertEquals(others.filter((url) => !/^https:\/\/[^\s#]+(#[\w.-]+)?$/.test(url)), []);
});
