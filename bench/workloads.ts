/** What is measured: one entry per workload. */
import type { ServerFlags } from "./flags.ts";
import type { Measurement } from "./run.ts";

/** One number of a measurement. */
export interface Figure {
  title: string;
  digits: number;
  of(measurement: Measurement): number;
  /** Whether it is shown as a ratio too. */
  compared?: boolean;
}

/** A workload of the comparison. */
export interface Workload {
  id: string;
  title: string;
  server: Partial<ServerFlags>;
  /** The sink reads the time inside the payloads. */
  latency?: boolean;
  figures: readonly Figure[];
}

const cpu: Figure = {
  title: "CPU µs/msg",
  digits: 3,
  of: ({ serverCpuSeconds, messages }) => serverCpuSeconds * 1e6 / messages,
};

const throughput: readonly Figure[] = [
  { title: "msg/s", digits: 0, of: ({ messages, seconds }) => messages / seconds, compared: true },
  cpu,
];

const latency: readonly Figure[] = [
  { title: "p50 µs", digits: 1, of: ({ latencyUs }) => latencyUs?.p50 ?? NaN, compared: true },
  { title: "p99 µs", digits: 1, of: ({ latencyUs }) => latencyUs?.p99 ?? NaN, compared: true },
  { title: "p99.9 µs", digits: 1, of: ({ latencyUs }) => latencyUs?.p999 ?? NaN },
];

/** In the order in which they run. */
export const WORKLOADS: readonly Workload[] = [
  {
    id: "W1K1",
    title: "100 B, 1 client, as fast as it takes them, 1 message per turn of the event loop",
    server: { size: 100, clients: 1, k: 1 },
    figures: throughput,
  },
  {
    id: "W1K64",
    title: "100 B, 1 client, as fast as it takes them, 64 messages per turn of the event loop",
    server: { size: 100, clients: 1, k: 64 },
    figures: throughput,
  },
  {
    id: "W5",
    title: "1 KiB at 1 kHz, 1 client: from publish() to the client's recv()",
    server: { size: 1024, clients: 1, rate: 1000 },
    latency: true,
    figures: latency,
  },
];

/** The workloads that begin with one of `ids`: `W1` is W1K1 and W1K64. @throws when one of them names none. */
export function selectWorkloads(ids: readonly string[]): Workload[] {
  const matches = (workload: Workload, id: string) => workload.id.toLowerCase().startsWith(id.toLowerCase());
  const unknown = ids.find((id) => !WORKLOADS.some((workload) => matches(workload, id)));
  if (unknown !== undefined) {
    throw new Error(`No workload is called "${unknown}": ${WORKLOADS.map(({ id }) => id).join(", ")} are`);
  }
  return WORKLOADS.filter((workload) => ids.length === 0 || ids.some((id) => matches(workload, id)));
}
