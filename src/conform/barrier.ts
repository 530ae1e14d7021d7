/**
 * How to tell that a server has answered everything it was sent: by the answer to one more request, which changes
 * nothing. Which request a server answers differs, so it is tried when a run begins.
 *
 * @module
 */
import type { JsonMessage } from "./case.ts";
import type { Received } from "./peer.ts";
import { isOp } from "./steps/messages.ts";

/** A harmless request, and how its answer is known. */
export interface Probe {
  message: JsonMessage;
  isAnswer(message: Received): boolean;
}

/** A kind of harmless request. */
export interface Barrier {
  /** What is asked, in words. */
  readonly name: string;
  /** Makes one; nothing where silence has to do. */
  probe(): Probe | undefined;
}

/** An id that no case subscribes with, and no channel has. */
const NEVER_USED = 0xbad0_0bad;
/** A name that no server has. */
const NO_PARAMETER = "conform/no such parameter";

let asked = 0;

const isStatus = (message: Received) => isOp(message, "status") && String(message.message).includes(`${NEVER_USED}`);

const UNSUBSCRIBE: Barrier = {
  name: "an unsubscribe of an unknown id",
  probe: () => ({ message: { op: "unsubscribe", subscriptionIds: [NEVER_USED] }, isAnswer: isStatus }),
};

const SUBSCRIBE: Barrier = {
  name: "a subscribe of an unknown channel",
  probe: () => ({
    message: { op: "subscribe", subscriptions: [{ id: NEVER_USED, channelId: NEVER_USED }] },
    isAnswer: isStatus,
  }),
};

const GET_PARAMETERS: Barrier = {
  name: "a getParameters of an unknown name",
  probe: () => {
    const id = `conform/${++asked}`;
    return {
      message: { op: "getParameters", parameterNames: [NO_PARAMETER], id },
      isAnswer: (message) => isOp(message, "parameterValues") && message.id === id,
    };
  },
};

/** Where a server answers none of the others. */
export const SILENCE: Barrier = { name: "silence", probe: () => undefined };

/** Those that are tried, the best first. */
export const BARRIERS: readonly Barrier[] = [UNSUBSCRIBE, GET_PARAMETERS, SUBSCRIBE];
