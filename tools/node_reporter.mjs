/** Reporter for `node --test` that writes what `bun test` writes: a line with the file, then a line per test. */
import { relative } from "node:path";
import { inspect } from "node:util";

export default async function* report(events) {
  let current;
  for await (const { type, data } of events) {
    const file = relative(process.cwd(), data?.file ?? "");
    // A file without tests is reported as a passed test of that name.
    if (!(type in describe) || type === "test:pass" && data.name.endsWith("_test.ts")) continue;
    if (file !== current) yield `${current = file}:\n`;
    yield describe[type](data);
  }
}

/** The events worth a line, by their type. */
const describe = {
  "test:stdout": ({ message }) => message,
  "test:stderr": ({ message }) => message,
  "test:pass": ({ name }) => `(pass) ${name}\n`,
  "test:fail": ({ name, details }) => `${inspect(thrown(details.error))}\n(fail) ${name}\n`,
};

/** What the test threw, which Node wraps in an error of its own. */
function thrown(error) {
  return error.cause instanceof Error ? error.cause : error;
}
