/** What must be there before interop tests with Python run: a test may neither wait for a download nor fail for want of it. */
import { fetchPythonPeers } from "../support/pypi.ts";
import { Unavailable } from "../support/unavailable.ts";

const WITH_PYTHON = /^tests\/interop\/(sdk|python)_/;

/**
 * Fetches the peers of those of the files that have any. Where that cannot be done their tests skip themselves, on each
 * runtime.
 *
 * @param isCI Whether what is skipped counts as failed.
 */
export async function preparePeers(files: readonly string[], isCI: boolean): Promise<void> {
  if (!files.some((file) => WITH_PYTHON.test(file))) return;
  const start = performance.now();
  let fetching = false;
  try {
    await fetchPythonPeers(() => {
      fetching = true;
      console.log("python\n  fetching foxglove-sdk and foxglove-websocket, the peers of interop tests, from PyPI");
    });
    if (fetching) console.log(`  ready in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    if (!fetching) console.log("python");
    console.log(`  ${isCI ? "FAILED" : "skipped"}, all interop tests with it: ${error.message}\n`);
  }
}
