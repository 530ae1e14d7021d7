/**
 * `node --import ./tools/node_leftovers.mjs --test`: ends a test file that something still keeps alive when its tests are
 * over. A test that fails before it closes its server would otherwise hold up all files that come after it.
 */
import process from "node:process";
import { after } from "node:test";

/** Enough for the report of the tests to get out, and for a file to declare more of them. */
const GRACE_MS = 5_000;

// Not in the process that starts the files.
if (process.env.NODE_TEST_CONTEXT === "child-v8") after(() => void setTimeout(end, GRACE_MS).unref());

function end() {
  console.error(`Still there after the tests: ${process.getActiveResourcesInfo().join(", ")}`);
  process.exit(1);
}
