/** The Python packages that interop tests have as peers: fetched from PyPI on first use, into .cache. */
import { runChild } from "./child.ts";
import { cache, root } from "./repo.ts";
import { Unavailable } from "./unavailable.ts";

/** Where they are, and beside them a file that says which and for which Python: `tests/support/python_peer.ts` reads it. */
const HOME = `${cache}/pypi`;
const MARKER = `${HOME}/fetched`;
const REQUIREMENTS = `${root}/tests/interop/requirements.txt`;

/** Says where it is, if it is recent enough and can fetch packages. */
const PROBE = "import sys, pip; assert sys.version_info >= (3, 10); print(sys.executable)";

// The alias of Windows' app store ends with an error, and so is passed over.
const PROGRAMS = ["python3", "python"];

/**
 * Fetches them unless they are there.
 *
 * @param onFetch Called when that takes a moment.
 * @throws {Unavailable} when this machine has no Python, or PyPI does not answer.
 */
export async function fetchPythonPeers(onFetch: () => void): Promise<void> {
  const requirements = await Deno.readTextFile(REQUIREMENTS);
  const fetched = await Deno.readTextFile(MARKER).catch(() => "");
  const known = fetched.split("\n", 1)[0] ?? "";
  // A Python that was there may have been taken away since.
  if (fetched === `${known}\n${requirements}` && await Deno.stat(known).then(() => true, () => false)) return;
  const python = await findPython();
  onFetch();
  await Deno.remove(HOME, { recursive: true }).catch(() => {});
  await install(python);
  await Deno.writeTextFile(MARKER, `${python}\n${requirements}`);
}

/** Into a folder of their own: nothing of this machine's Python is touched, and pip alone is needed, not venv. */
async function install(python: string): Promise<void> {
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries=1", "--only-binary=:all:"];
  const args = ["-m", "pip", "install", ...quiet, "--target", HOME, "-r", REQUIREMENTS];
  const { code, output } = await runChild(python, { args, env: { PIP_ROOT_USER_ACTION: "ignore" } });
  if (code === 0) return;
  const reason = output.split("\n").find((line) => line.startsWith("ERROR")) ?? output.trim();
  throw new Unavailable(`Cannot fetch the Python peers from PyPI: ${reason}`);
}

async function findPython(): Promise<string> {
  for (const program of PROGRAMS) {
    const { code, output } = await runChild(program, { args: ["-c", PROBE] }).catch(() => ({ code: 1, output: "" }));
    if (code === 0) return output.trim();
  }
  throw new Unavailable("No Python 3.10 or later with pip is installed");
}
