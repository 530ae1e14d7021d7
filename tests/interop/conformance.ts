/** The conformance suite on servers that nobody here has written; docs/conformance.md has what came of it. */
import { conform, type ConformOptions, type ConformResult, SERVER_RULES } from "@foxwire/foxwire/conform";
import { PythonPeer } from "../support/python_peer.ts";
import { startNpmFixture } from "./npm_fixture.ts";

/** A running server. */
interface Running {
  url: string;
  stop(): Promise<void>;
}

/** A server to try. */
export interface Peer {
  /** Its column in docs/conformance.md. */
  name: "SDK" | "Python" | "npm";
  protocol: "foxglove.sdk.v1.1" | "foxglove.sdk.v1" | "foxglove.websocket.v1";
  start(): Promise<Running>;
}

export const PEERS: readonly Peer[] = [
  { name: "SDK", protocol: "foxglove.sdk.v1.1", start: () => startPython("sdk_fixture.py") },
  { name: "SDK", protocol: "foxglove.sdk.v1", start: () => startPython("sdk_fixture.py") },
  { name: "npm", protocol: "foxglove.websocket.v1", start: startNpmFixture },
  { name: "Python", protocol: "foxglove.websocket.v1", start: () => startPython("python_fixture.py") },
];

async function startPython(program: string): Promise<Running> {
  const peer = new PythonPeer(program);
  const { port } = await peer.do("start");
  // At once: some of the suite's connections may be in a bad way.
  return { url: `ws://127.0.0.1:${port}`, stop: () => peer.kill() };
}

/** So many servers share the cases: most of the time they are waited for. */
const PARTS = 4;

/** What comes of the cases with one peer. */
export async function tryPeer(peer: Peer, options: ConformOptions): Promise<ConformResult[]> {
  const names = SERVER_RULES.filter(({ level }) => options.levels?.includes(level) ?? true).map(({ name }) => name);
  const parts = Array.from({ length: PARTS }, (_, part) => {
    const only = names.filter((_, index) => index % PARTS === part);
    return play(peer, { ...options, only });
  });
  return (await Promise.all(parts)).flat();
}

/** What comes of some cases with a server of their own. */
export async function play({ protocol, start }: Peer, options: ConformOptions): Promise<readonly ConformResult[]> {
  const server = await start();
  try {
    return (await conform(server.url, { ...options, protocols: [protocol] })).results;
  } finally {
    await server.stop();
  }
}
