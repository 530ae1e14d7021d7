/** Who is measured: one entry per server. */
import { bun, node } from "../tools/support/runtimes.ts";
import { buildNative } from "./build.ts";
import { flagArguments, type ServerFlags } from "./flags.ts";
import type { Launch } from "./run.ts";
import type { Workload } from "./workloads.ts";

/** A server of the comparison. */
export interface Competitor {
  id: string;
  title: string;
  /** How it is started. */
  launch(flags: Partial<ServerFlags>): Launch;
  /** Whether it takes part in a workload. Default: in all. */
  takesPart?(workload: Workload): boolean;
}

/** What the others are compared with. */
export const REFERENCE = "ws-protocol";
export const LIMIT = "c";

/** The programs that run TypeScript, by name. */
interface Host {
  title: string;
  program: string;
  args: readonly string[];
}

const NODE_MAJOR = 24;
const BATCH = 64;

const HOSTS: Record<string, () => Promise<Host>> = {
  deno: () => {
    const host = { title: `Deno ${Deno.version.deno}`, program: Deno.execPath(), args: ["run", "--allow-all"] };
    return Promise.resolve(host);
  },
  bun: async () => {
    const { path, version } = await bun();
    return { title: `Bun ${version}`, program: path, args: [] };
  },
  node: async () => {
    const { path, version } = await node(NODE_MAJOR);
    return { title: `Node ${version}`, program: path, args: [] };
  },
};

/**
 * Everybody, in the order of a round.
 *
 * @param runtimes Those that our server and the raw loop are measured on.
 * @throws when a runtime is unknown or cannot be had, or there is no C compiler.
 */
export async function competitors(runtimes: readonly string[]): Promise<Competitor[]> {
  const unknown = runtimes.find((name) => !Object.hasOwn(HOSTS, name));
  if (unknown !== undefined) {
    throw new Error(`No runtime is called "${unknown}": ${Object.keys(HOSTS).join(", ")} are`);
  }
  const hosts = await Promise.all(runtimes.map(async (name) => ({ name, host: await HOSTS[name]!() })));
  const limit = await buildNative("limit");
  return [
    ...hosts.map(({ name, host }) => script(name, "Foxwire", host, "bench/server.ts")),
    script(REFERENCE, "@foxglove/ws-protocol", await HOSTS.node!(), "bench/peers/ws_protocol.ts"),
    ...hosts.map(({ name, host }) => script(`raw-${name}`, "raw loop", host, "bench/limit.ts")),
    { id: LIMIT, title: "raw loop, C", launch: (flags) => ({ program: limit, args: flagArguments(flags) }) },
    {
      id: "c-batched",
      title: `raw loop, C, ${BATCH} per write`,
      launch: (flags) => ({ program: limit, args: flagArguments({ ...flags, k: BATCH }) }),
      takesPart: ({ server: { k = 1, rate = 0 } }) => k < BATCH && rate === 0,
    },
  ];
}

function script(id: string, title: string, host: Host, path: string): Competitor {
  return {
    id,
    title: `${title}, ${host.title}`,
    launch: (flags) => ({ program: host.program, args: [...host.args, path, ...flagArguments(flags)] }),
  };
}
