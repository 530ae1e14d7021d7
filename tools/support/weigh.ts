/** How much something weighs, in words. */

/** In kB, of 1000 bytes. */
export function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

/** Of a script, as it is and gzipped. */
export async function weigh(code: string): Promise<string> {
  return `${kilobytes(new TextEncoder().encode(code).length)}, ${kilobytes(await gzipped(code))} gzipped`;
}

async function gzipped(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}
