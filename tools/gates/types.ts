/** Types: everything as Deno sees it, and the portable part as a browser sees it. */
import { stdFlags } from "../deno_std.ts";
import { doors, exists, filesBelow } from "../support/repo.ts";
import { denoCommand, type Verdict } from "./verdict.ts";

const FOLDERS = ["src", "tests", "tools", "examples", "bench"];
const PORTABLE = ["util", "protocol", "transport", "flow", "server", "client"];

/** The gate `check`. */
export async function check(): Promise<Verdict> {
  const places = [...await doors(), ...FOLDERS];
  const existing = await Promise.all(places.map(async (place) => await exists(place) ? [place] : []));
  return await denoCommand("check", "--quiet", ...await stdFlags(), ...existing.flat());
}

/** The gate `dom`: no global but the web's, checked by the compiler. */
export async function dom(): Promise<Verdict> {
  const files = await Promise.all(PORTABLE.map((folder) => filesBelow(`src/${folder}`, /\.ts$/)));
  return await denoCommand("check", "--quiet", "--config=tools/dom.json", "client.ts", ...files.flat());
}
