/** Reporter for `node --test` that writes what `bun test` writes: a line with the file, then a line per test. */
import { relative } from "node:path";
import process from "node:process";
import { inspect } from "node:util";

export default async function* (events) {
  yield* report(events, (code) => process.exitCode = code);
}

/** @param end Ends the command with an exit code: Node takes a report that breaks off for a whole one. */
export async function* report(events, end) {
  let current;
  const unfinished = new Set();
  for await (const { type, data } of events) {
    const file = relative(process.cwd(), data?.file ?? "");
    if (isStart(type, data)) unfinished.add(file);
    if (isEnd(type, data)) unfinished.delete(file);
    // A file without tests is reported as a passed test of that name.
    if (!(type in describe) || type === "test:pass" && isFile(data)) continue;
    if (file !== current) yield `${current = file}:\n`;
    yield describe[type](data);
  }
  for (const file of unfinished) yield `${file}:\n(fail) its report breaks off: tests may be lost\n`;
  if (unfinished.size > 0) end(1);
}

/** Whether an event is about a whole file. */
function isFile({ name }) {
  return name?.endsWith("_test.ts");
}

function isStart(type, data) {
  return type === "test:enqueue" && isFile(data);
}

/** A file has the last word on its tests, or is a test itself if it has reported none. */
function isEnd(type, data) {
  return type === "test:summary" || (type === "test:pass" || type === "test:fail") && isFile(data);
}

/** The events worth a line, by their type. */
const describe = {
  "test:stdout": ({ message }) => message,
  "test:stderr": ({ message }) => message,
  "test:pass": ({ name, skip }) => `(${skip ? "skip" : "pass"}) ${name}\n`,
  "test:fail": ({ name, details }) => `${inspect(thrown(details.error))}\n(fail) ${name}\n`,
};

/** What the test threw, which Node wraps in an error of its own. */
function thrown(error) {
  return error.cause instanceof Error ? error.cause : error;
}
