/** A headless Chromium that opens one page. */
import { end } from "./child.ts";
import { Unavailable } from "./unavailable.ts";

const PROGRAMS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

// Without those against background work it looks up hosts of its maker's at every start.
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A running browser. */
export interface Browser {
  /** Settles when it ends, which it should not do by itself. */
  readonly ended: Promise<unknown>;
  close(): Promise<void>;
}

/** Opens a page. @throws {Unavailable} when no Chromium is installed. */
export async function openPage(url: string): Promise<Browser> {
  const program = await findProgram();
  const profile = await Deno.makeTempDir({ prefix: "foxwire-chromium-" });
  const child = new Deno.Command(program, {
    args: [...FLAGS, `--user-data-dir=${profile}`, url],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    ended: child.status,
    async close() {
      end(child, "SIGTERM");
      await child.status;
      await removeSoon(profile);
    },
  };
}

/** The browser's helpers may write into its profile for a moment longer than it lives. */
async function removeSoon(profile: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    if (await Deno.remove(profile, { recursive: true }).then(() => true, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function findProgram(): Promise<string> {
  for (const program of PROGRAMS) {
    if (await Deno.stat(program).then(() => true, () => false)) return program;
  }
  throw new Unavailable("No Chromium is installed (looked for /usr/bin/chromium and the like)");
}
