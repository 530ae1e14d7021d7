/** The deprecated reference implementation, npm `@foxglove/ws-protocol`: a peer that nobody here has written. */
import * as namespace from "@foxglove/ws-protocol";

// CommonJS on Deno and Node, where the members are on `default`; an ES module on Bun.
const peer = ("default" in namespace ? namespace.default : namespace) as typeof namespace;

export const PeerClient = peer.FoxgloveClient;
export const PeerServer = peer.FoxgloveServer;
