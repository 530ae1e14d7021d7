/** What the demo measures: each figure with its topic, its schema and its rate. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as os from "node:os";
import process from "node:process";
import type { ChannelSchema } from "@foxwire/foxwire/server";
import {
  type CoreTime,
  coreTime,
  cpuUsage,
  diskCounters,
  networkCounters,
  percent,
  realDisks,
  round,
} from "./counters.ts";
import { jsonSchema, number } from "./schema.ts";

/** A message of a figure. */
export type Reading = Record<string, number | number[]>;

/** Something that is measured again and again. */
export interface Figure {
  topic: string;
  schema: ChannelSchema;
  /** Messages per second. */
  hertz: number;
  /** Whether this machine has it; left out: every machine has. */
  available?: () => boolean;
  /** Starts measuring. Each call of what it returns gives the figure since the call before. */
  measure: () => () => Reading;
}

const NETWORK_FILE = "/proc/net/dev";
const DISK_FILE = "/proc/diskstats";
const DISK_FOLDER = "/sys/block";
const LAG_HERTZ = 10;

const cpu: Figure = {
  topic: "/cpu",
  hertz: 5,
  schema: jsonSchema("demo.Cpu", {
    total: number("Percent of all cores that was busy"),
    cores: { type: "array", items: number("Percent of one core that was busy") },
  }),
  available: () => os.cpus().length > 0,
  measure: comparing(readCores, (before, after) => cpuUsage(before, after)),
};

const load: Figure = {
  topic: "/load",
  hertz: 1,
  schema: jsonSchema("demo.Load", {
    one: number("Programs that ran or wanted to, average of one minute"),
    five: number("Average of five minutes"),
    fifteen: number("Average of fifteen minutes"),
  }),
  // Windows has no such average: the figures would be zero for ever.
  available: () => os.platform() !== "win32",
  measure: () => () => {
    const [one = 0, five = 0, fifteen = 0] = os.loadavg().map((average) => round(average, 2));
    return { one, five, fifteen };
  },
};

const memory: Figure = {
  topic: "/memory",
  hertz: 2,
  schema: jsonSchema("demo.Memory", {
    percent: number("Percent of the memory that is in use"),
    used: number("Bytes in use"),
    total: number("Bytes that the machine has"),
  }),
  measure: () => () => {
    const total = os.totalmem();
    const used = total - os.freemem();
    return { percent: percent(used, total), used, total };
  },
};

const network: Figure = {
  topic: "/network",
  hertz: 2,
  schema: jsonSchema("demo.Network", {
    received: number("Bytes per second from other machines"),
    sent: number("Bytes per second to other machines"),
    local: number("Bytes per second between programs of this machine"),
  }),
  available: () => existsSync(NETWORK_FILE),
  measure: rates(() => networkCounters(readFileSync(NETWORK_FILE, "utf8"))),
};

const disk: Figure = {
  topic: "/disk",
  hertz: 2,
  schema: jsonSchema("demo.Disk", {
    read: number("Bytes per second from all disks"),
    written: number("Bytes per second to all disks"),
  }),
  available: () => existsSync(DISK_FILE) && existsSync(DISK_FOLDER),
  measure: rates(() => diskCounters(readFileSync(DISK_FILE, "utf8"), realDisks(readdirSync(DISK_FOLDER)))),
};

const ownProcess: Figure = {
  topic: "/process",
  hertz: 2,
  schema: jsonSchema("demo.Process", {
    cpu: number("Percent of one core that this demo takes"),
    resident: number("Bytes of memory that it takes"),
    heap: number("Bytes of that for JavaScript objects"),
  }),
  measure: comparing(() => process.cpuUsage(), (before, after, seconds) => {
    const busyMicros = after.user + after.system - before.user - before.system;
    const { rss: resident, heapUsed: heap } = process.memoryUsage();
    return { cpu: round(busyMicros / 10_000 / seconds, 1), resident, heap };
  }),
};

const eventLoop: Figure = {
  topic: "/event_loop",
  hertz: LAG_HERTZ,
  schema: jsonSchema("demo.Loop", { lag: number("Milliseconds by which the demo's timer came late") }),
  measure: () => {
    let due = performance.now() + 1000 / LAG_HERTZ;
    return () => {
      const now = performance.now();
      const lag = round(Math.max(0, now - due), 2);
      due = Math.max(due + 1000 / LAG_HERTZ, now);
      return { lag };
    };
  },
};

const uptime: Figure = {
  topic: "/uptime",
  hertz: 1,
  schema: jsonSchema("demo.Uptime", {
    machine: number("Seconds since the machine started"),
    demo: number("Seconds since the demo started"),
  }),
  measure: () => () => ({ machine: Math.round(os.uptime()), demo: round(process.uptime(), 1) }),
};

/** The figures that this machine has. */
export function figures(): Figure[] {
  const all = [cpu, load, memory, network, disk, ownProcess, eventLoop, uptime];
  return all.filter(({ available }) => available?.() ?? true);
}

/** Measures by comparing what `read` gives with what it gave the time before, so many seconds ago. */
function comparing<T>(read: () => T, compare: (before: T, after: T, seconds: number) => Reading): Figure["measure"] {
  return () => {
    let before = { at: performance.now(), value: read() };
    return () => {
      const after = { at: performance.now(), value: read() };
      const reading = compare(before.value, after.value, (after.at - before.at) / 1000);
      before = after;
      return reading;
    };
  };
}

/** Measures how fast counters rise, per second. */
function rates<T extends object>(read: () => T): Figure["measure"] {
  return comparing(read as () => Record<string, number>, (before, after, seconds) => {
    const rate = (name: string) => Math.round(Math.max(0, ((after[name] ?? 0) - (before[name] ?? 0)) / seconds));
    return Object.fromEntries(Object.keys(after).map((name) => [name, rate(name)]));
  });
}

function readCores(): CoreTime[] {
  return os.cpus().map(({ times }) => coreTime(times));
}
