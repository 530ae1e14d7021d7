/** CLOCK_MONOTONIC of the machine, which a program in another language can compare its own with. */

const CLOCK_MONOTONIC = 1;
const LIBC = "libc.so.6";

/** Writes the time in nanoseconds into the first 8 bytes of a payload, u64 little-endian. */
export type Stamp = (payload: Uint8Array) => void;

/** The way to the clock on this runtime: Deno's and Bun's own start with the process, so they ask libc. */
export async function monotonicStamp(): Promise<Stamp> {
  if ("Deno" in globalThis) return stampBy(denoClock());
  if ("Bun" in globalThis) return stampBy(await bunClock());
  const { hrtime } = await import("node:process");
  return (payload) => write(payload, hrtime.bigint());
}

/** `clock_gettime` of libc: fills seconds and nanoseconds. */
type ClockGettime = (clock: number, time: BigInt64Array<ArrayBuffer>) => unknown;

function stampBy(clockGettime: ClockGettime): Stamp {
  const time = new BigInt64Array(2);
  return (payload) => {
    clockGettime(CLOCK_MONOTONIC, time);
    write(payload, time[0]! * 1_000_000_000n + time[1]!);
  };
}

function denoClock(): ClockGettime {
  return Deno.dlopen(LIBC, { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } }).symbols.clock_gettime;
}

async function bunClock(): Promise<ClockGettime> {
  const { dlopen } = await import("bun:ffi" as string);
  return dlopen(LIBC, { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } }).symbols.clock_gettime;
}

function write(payload: Uint8Array, ns: bigint): void {
  new DataView(payload.buffer, payload.byteOffset).setBigUint64(0, ns, true);
}
