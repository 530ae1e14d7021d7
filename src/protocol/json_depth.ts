/**
 * A look at the nesting of JSON: of a text before it is parsed, of a value before anything recurses into it.
 *
 * @module
 */

/** Levels, or characters, that `JSON.parse` is done with in some 50 ms: what is wrong with them is told with the message. */
const MAX_DEPTH = 0x20000;

const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = codes('"\\[]{}');

/**
 * Whether a text nests so deep that parsing it takes long. `JSON.parse` has no limit of its own: 8 MiB of brackets hold up
 * the event loop for 1 to 2 s. The look takes about as long as parsing an ordinary text does.
 */
export function nestsTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) depth++;
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** Whether a value nests deeper than so many levels; itself is level 1, what an array or object holds is one deeper. */
export function isDeeper(value: unknown, levels: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0 && depth < levels; depth++) {
    level = level.flatMap((value) => typeof value === "object" && value !== null ? Object.values(value) : []);
  }
  return level.length > 0;
}

/** Where the string that begins at `start` ends; the end of the text when it does not. */
function endOfString(text: string, start: number): number {
  let end = start;
  do end = text.indexOf('"', end + 1); while (end > 0 && isEscaped(text, end));
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function codes(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}
