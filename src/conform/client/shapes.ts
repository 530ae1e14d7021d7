/**
 * What a client's JSON messages have to look like.
 *
 * @module
 */
import type { JsonObject } from "../case.ts";
import { shown } from "../steps/check.ts";

/** Tells what is wrong with a value, by the rule that it breaks. */
export type Complain = (rule: string, problem: string) => void;

type Check = (value: unknown, at: string, complain: Complain) => void;

const MAX_U32 = 0xffff_ffff;

const string = typed("string", (value) => typeof value === "string");
const anything: Check = () => {};
const u32 = integer(MAX_U32);
const channelId = integer(Number.MAX_SAFE_INTEGER);
const parameter = object({ name: string, value: optional(anything), type: optional(string) });
const channel = object({
  id: u32,
  topic: string,
  encoding: string,
  schemaName: string,
  schema: optional(string),
  schemaEncoding: optional(string),
});
const names = { parameterNames: list(string) };

/** The members of each op. */
const SHAPES: Readonly<Record<string, Check>> = {
  subscribe: object({ subscriptions: list(object({ id: u32, channelId })) }),
  unsubscribe: object({ subscriptionIds: list(u32) }),
  advertise: object({ channels: list(channel) }),
  unadvertise: object({ channelIds: list(u32) }),
  getParameters: object({ ...names, id: optional(string) }),
  setParameters: object({ parameters: list(parameter), id: optional(string) }),
  subscribeParameterUpdates: object(names),
  unsubscribeParameterUpdates: object(names),
  subscribeConnectionGraph: object({}),
  unsubscribeConnectionGraph: object({}),
  fetchAsset: object({ uri: string, requestId: u32 }),
};

/** Looks at the members of a message. @returns Whether its op is one of the protocol. */
export function checkShape(message: JsonObject & { op: string }, complain: Complain): boolean {
  const shape = Object.hasOwn(SHAPES, message.op) ? SHAPES[message.op] : undefined;
  shape?.(message, message.op, complain);
  return shape !== undefined;
}

function typed(wanted: string, is: (value: unknown) => boolean): Check {
  return (value, at, complain) => {
    if (!is(value)) complain("sent/members", `${at} is ${shown(value)}, need a ${wanted}`);
  };
}

function integer(max: number): Check {
  return (value, at, complain) => {
    if (typeof value !== "number") return complain("sent/members", `${at} is ${shown(value)}, need a number`);
    if (Number.isInteger(value) && value >= 0 && value <= max) return;
    complain("sent/id-range", `${at} is ${value}, need an integer from 0 to ${max}`);
  };
}

function optional(check: Check): Check {
  return (value, at, complain) => {
    if (value === null) complain("sent/no-null", `${at} is null, leave it out`);
    else if (value !== undefined) check(value, at, complain);
  };
}

function list(of: Check): Check {
  return (value, at, complain) => {
    if (!Array.isArray(value)) return complain("sent/members", `${at} is ${shown(value)}, need an array`);
    value.forEach((entry, i) => of(entry, `${at}[${i}]`, complain));
  };
}

function object(members: Record<string, Check>): Check {
  return (value, at, complain) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return complain("sent/members", `${at} is ${shown(value)}, need an object`);
    }
    for (const [key, check] of Object.entries(members)) check((value as JsonObject)[key], `${at}.${key}`, complain);
  };
}
