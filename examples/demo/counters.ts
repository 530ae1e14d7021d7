/** Counters of the machine, read from texts of the system: pure functions of those texts. */

/** What has gone over the network since the machine started, in bytes. */
export interface NetworkCounters {
  received: number;
  sent: number;
  /** What programs of this machine have sent each other: the demo's own messages among it. */
  local: number;
}

/** What whole disks have read and written since the machine started, in bytes. */
export interface DiskCounters {
  read: number;
  written: number;
}

/** Time a core has spent, in milliseconds. */
export interface CoreTime {
  busy: number;
  total: number;
}

/** The kernel counts in sectors of this size, whatever the disk has. */
const SECTOR_BYTES = 512;

/** Sums what `/proc/net/dev` says of each interface. */
export function networkCounters(text: string): NetworkCounters {
  const sum: NetworkCounters = { received: 0, sent: 0, local: 0 };
  for (const line of text.split("\n").filter((line) => line.includes(":"))) {
    const [name = "", figures = ""] = line.split(":");
    const [received = 0, , , , , , , , sent = 0] = figures.trim().split(/\s+/).map(Number);
    if (name.trim() === "lo") sum.local += received;
    else sum.received += received, sum.sent += sent;
  }
  return sum;
}

/** Sums what `/proc/diskstats` says of `disks`; its other lines are partitions, already counted with their disk. */
export function diskCounters(text: string, disks: readonly string[]): DiskCounters {
  const sum: DiskCounters = { read: 0, written: 0 };
  for (const line of text.split("\n")) {
    const [, , name = "", , , sectorsRead = 0, , , , sectorsWritten = 0] = line.trim().split(/\s+/);
    if (!disks.includes(name)) continue;
    sum.read += Number(sectorsRead) * SECTOR_BYTES;
    sum.written += Number(sectorsWritten) * SECTOR_BYTES;
  }
  return sum;
}

/** Of the names in `/sys/block` those that are hardware; the others keep their data on these, or in memory. */
export function realDisks(names: readonly string[]): string[] {
  return names.filter((name) => !/^(loop|ram|zram|dm-|md|sr|fd)/.test(name));
}

/** What a core has done by its times in milliseconds, as `node:os` gives them. */
export function coreTime(times: Record<string, number>): CoreTime {
  const total = Object.values(times).reduce((sum, time) => sum + time, 0);
  return { busy: total - (times.idle ?? 0), total };
}

/** Percent of the time between two readings that the cores were busy: each of them, and all together. */
export function cpuUsage(before: readonly CoreTime[], after: readonly CoreTime[]): { total: number; cores: number[] } {
  const spent = after.map(({ busy, total }, core) => ({
    busy: busy - (before[core]?.busy ?? 0),
    total: total - (before[core]?.total ?? 0),
  }));
  const sum = (key: keyof CoreTime) => spent.reduce((all, time) => all + time[key], 0);
  return { total: percent(sum("busy"), sum("total")), cores: spent.map(({ busy, total }) => percent(busy, total)) };
}

/** `part` of `whole` in percent with one decimal, between 0 and 100; counters of the system may step back a little. */
export function percent(part: number, whole: number): number {
  return whole > 0 ? round(Math.min(100, Math.max(0, part / whole * 100)), 1) : 0;
}

/** Rounds to some decimals, so that the JSON stays short. */
export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
