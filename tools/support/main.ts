/** What the tools that are commands have in common. */

/** Ends the process with what `main` returns; a wrong flag, which is a TypeError, is told in one line. */
export async function runMain(main: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}

/** The names in a list such as `"deno,bun"`. @throws {TypeError} when one is unknown. */
export function namesIn(list: string | undefined, known: readonly string[]): string[] {
  const names = list?.split(",") ?? [];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`Unknown name "${unknown}": there are ${known.join(", ")}`);
  return names;
}
