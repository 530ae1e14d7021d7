/** What must be there before some tests run: a test may neither wait for a download nor fail for want of it. */
import hosts from "../../tests/embedding/hosts.json" with { type: "json" };
import { npmPackages } from "../support/npm.ts";
import { fetchPythonPeers } from "../support/pypi.ts";
import { Unavailable } from "../support/unavailable.ts";

/** Something that tests need, and that is fetched on first use. */
interface Fetched {
  /** The test files that need it. */
  readonly tests: RegExp;
  readonly title: string;
  readonly what: string;
  fetch(onFetch: () => void): Promise<unknown>;
}

const FETCHED: readonly Fetched[] = [
  {
    tests: /^tests\/interop\/(sdk|python|conformance)_/,
    title: "python",
    what: "foxglove-sdk and foxglove-websocket, the peers of interop tests, from PyPI",
    fetch: fetchPythonPeers,
  },
  {
    tests: /^tests\/embedding\//,
    title: "web servers",
    what: `${Object.keys(hosts).join(", ")}, for the tests of embedding, from npm`,
    // Read by tests/support/hosts.ts.
    fetch: (onFetch) => npmPackages("hosts", hosts, onFetch),
  },
];

/**
 * Fetches what those of the files need that need any. Where that cannot be done their tests skip themselves, on each
 * runtime.
 *
 * @param isCI Whether what is skipped counts as failed.
 */
export async function preparePeers(files: readonly string[], isCI: boolean): Promise<void> {
  for (const fetched of FETCHED) {
    if (files.some((file) => fetched.tests.test(file))) await prepare(fetched, isCI);
  }
}

async function prepare({ title, what, fetch }: Fetched, isCI: boolean): Promise<void> {
  const start = performance.now();
  let fetching = false;
  try {
    await fetch(() => {
      fetching = true;
      console.log(`${title}: fetching ${what}`);
    });
    if (fetching) console.log(`${title}: ready in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`${title}: ${isCI ? "FAILED" : "skipped"}, all tests with it: ${error.message}`);
  }
}
