/** What the client door weighs in a browser, and that nothing of the server got into it. */
import { bundle } from "../support/esbuild.ts";
import { kilobytes, weigh } from "../support/weigh.ts";
import type { Verdict } from "./verdict.ts";

/** Minified, before compression: 36 kB for channels of both directions, 14 for requests, 6 for reconnecting, 1 for servers that vanish, 0.5 for those that are almost right, 0.2 for names of errors, 2 for callers' mistakes. */
const MAX_BYTES = 62_000;
const FORBIDDEN = /^src\/(server|runtime)\/|node_modules\//;

/** The gate. */
export async function sizes(): Promise<Verdict> {
  const { code, inputs } = await bundle("client.ts", { minify: true });
  const bytes = new TextEncoder().encode(code).length;
  const problems = inputs.filter((input) => FORBIDDEN.test(input)).map((input) => `client.ts reaches ${input}`);
  if (bytes > MAX_BYTES) problems.push(`client.ts is ${kilobytes(bytes)} minified, more than ${kilobytes(MAX_BYTES)}`);
  return { problems, note: `client.ts minified: ${await weigh(code)}` };
}
