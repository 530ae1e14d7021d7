/**
 * How to tell that a server has answered everything it was sent: by the answer to one more request, which changes
 * nothing. Which request a server answers differs, so it is tried when a run begins.
 *
 * @module
 */
import type { Peer, Received } from "./peer.ts";

/** A harmless request, and how its answer is known. */
export interface Barrier {
  /** What is asked, in words. */
  readonly name: string;
  /** Sends it; gives what its answer looks like, or nothing where silence has to do. */
  ask(peer: Pick<Peer, "send">): ((message: Received) => boolean) | undefined;
}

/** An id that no case subscribes with. */
const NEVER_USED = 0xbad0_0bad;
/** A name that no server has. */
const NO_PARAMETER = "conform/no such parameter";

let asked = 0;

const UNSUBSCRIBE: Barrier = {
  name: "unsubscribe of an unknown id",
  ask(peer) {
    peer.send({ op: "unsubscribe", subscriptionIds: [NEVER_USED] });
    return (message) =>
      !(message instanceof Uint8Array) && message.op === "status" && String(message.message).includes(`${NEVER_USED}`);
  },
};

const GET_PARAMETERS: Barrier = {
  name: "getParameters of an unknown name",
  ask(peer) {
    const id = `conform/${++asked}`;
    peer.send({ op: "getParameters", parameterNames: [NO_PARAMETER], id });
    return (message) => !(message instanceof Uint8Array) && message.op === "parameterValues" && message.id === id;
  },
};

/** Where a server answers none of the others. */
export const SILENCE: Barrier = { name: "silence", ask: () => undefined };

/** Those that are tried, the best first. */
export const BARRIERS: readonly { barrier: Barrier; capability?: string }[] = [
  { barrier: UNSUBSCRIBE },
  { barrier: GET_PARAMETERS, capability: "parameters" },
];
