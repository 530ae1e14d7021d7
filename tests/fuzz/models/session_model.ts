/** A client as its server has it. */
import { jsonKey, type Keyed } from "./keys.ts";
import { InterestModel } from "./parameter_model.ts";
import type { Members } from "../readers/read_json.ts";

/** A request that is not answered yet. */
export interface Waiting {
  readonly due: number;
  readonly answer: Keyed;
  readonly service?: string;
}

/** One client, as the server has it. */
export class SessionModel {
  readonly id: number;
  readonly protocol: string;
  /** What it has to get in this step. */
  expected: Keyed[] = [];
  /** Set when the server has closed the connection. */
  closed: { code: number; reason: string } | undefined;
  invalid = 0;
  /** By subscription id, the channel id. */
  readonly subscriptions = new Map<number, number>();
  readonly orphans = new Set<number>();
  readonly channels = new Map<number, Members>();
  readonly interest = new InterestModel();
  watchesGraph = false;
  /** The graph at each moment of this step in which it has asked for it. */
  graphRequests: (string | undefined)[] = [];
  readonly calls = new Map<number, Waiting>();
  readonly assets = new Map<number, Waiting>();
  /** Schemas that it was told of, for `foxglove.sdk.v1.1`. */
  schemas = new Map<string, number>();

  constructor(id: number, protocol: string) {
    this.id = id;
    this.protocol = protocol;
  }

  /** What is on its way may be forgotten: a barrier was set behind it. @param frame How it begins; left out: any. */
  forget(frame = "01"): void {
    for (const each of this.expected) if (each.lane === "data" && each.key.startsWith(frame)) each.optional = true;
  }

  get hasPlayback(): boolean {
    return this.protocol !== "foxglove.websocket.v1";
  }

  /** To one whose connection is closing nothing is said. */
  expect(keyed: Keyed): void {
    if (this.closed === undefined) this.expected.push(keyed);
  }

  tell(message: { op: string; [member: string]: unknown }): void {
    this.expect(jsonKey(message));
  }

  status(level: number, message: string): void {
    this.tell({ op: "status", level, message });
  }
}
