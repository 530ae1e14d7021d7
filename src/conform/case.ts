/**
 * What a conformance case is, and what it has to work with.
 *
 * @module
 */
import type { Capability, Subprotocol } from "../protocol/constants.ts";
import type { Probe } from "./barrier.ts";
import type { Peer } from "./peer.ts";
import type { RawSocket } from "./raw_socket.ts";

/** How much a rule weighs: a server breaks the protocol without it, surprises people without it, or is better with it. */
export type Level = "must" | "should" | "extra";

/** Who says so: the published specification, the official SDK by what it does, or Foxwire, where both are silent. */
export type Authority = "specification" | "sdk" | "foxwire";

/** Where a rule comes from. */
export interface Source {
  /** Who says so. */
  authority: Authority;
  /** A section or a function, and what it says: `"Subscribe: the id is chosen by the client"`. */
  where: string;
  /** Where that can be read: an address, or a file of this repository. */
  url: string;
}

/** One rule. */
export interface ConformRule {
  /** `"group/what-is-tried"`, unique and stable: it is what `--only` takes, and what reports are compared by. */
  name: string;
  /** How much it weighs. */
  level: Level;
  /** The rule in one sentence, for an author who has never read our code. */
  rule: string;
  /** Who says so. */
  source: Source;
}

/** One rule, and how to see whether a server keeps it. */
export interface ConformCase extends ConformRule {
  /** What the server has to declare; else the case is skipped, with this as the reason. */
  needs?: Needs;
  /** Does something and looks. @throws {Mismatch} when the server breaks the rule. @throws {Skip} when it cannot tell. */
  run(scene: Scene): Promise<void>;
}

/** What has to be there for a case to make sense. */
export interface Needs {
  /** In `serverInfo.capabilities`. */
  capabilities?: readonly Capability[];
  /** Those that the connection has to speak; default: any. */
  protocols?: readonly Subprotocol[];
  /** Raw sockets, which browsers have not got. */
  rawSocket?: true;
  /** A service of this name, from the set that docs/conformance.md asks test servers to offer. */
  service?: string;
  /** A parameter of this name, from the same set. */
  parameter?: string;
  /** A channel of this topic, from the same set. */
  topic?: string;
}

/** A server under test, as a case sees it. */
export interface Scene {
  readonly url: string;
  /** The subprotocol of this run. */
  readonly protocol: Subprotocol;
  /** What the server sent when the run began. */
  readonly greeting: Greeting;
  /** Milliseconds that a case waits for one answer. */
  readonly answerMs: number;
  /** Connects, and reads the greeting. The runner closes what a case leaves open. */
  connect(options?: PeerOptions): Promise<Peer>;
  /** Opens a TCP connection, for cases that {@link Needs} a `rawSocket`. The runner closes what a case leaves open. */
  raw(): Promise<RawSocket>;
  /** Runs something, then sets back what it has changed, even if it has failed: then the failure is that of `run`. */
  settingBack(run: () => Promise<void>, back: () => Promise<void>): Promise<void>;
  /** A harmless request that this server answers. @throws {Skip} when it answers none. */
  probe(): Probe;
}

/** How to connect otherwise than usual. */
export interface PeerOptions {
  /** What to offer; default: the subprotocol of this run. */
  protocols?: readonly string[];
  /** Leave the greeting for the case to read. */
  ungreeted?: true;
}

/** What a server said of itself before anything was asked. */
export interface Greeting {
  serverInfo: JsonMessage;
  capabilities: readonly string[];
  /** All channels, from every `advertise`; schemas of `foxglove.sdk.v1.1` are filled in. */
  channels: readonly JsonObject[];
  services: readonly JsonObject[];
}

/** A JSON object. */
export interface JsonObject {
  [member: string]: unknown;
}

/** A JSON message of the server. */
export interface JsonMessage extends JsonObject {
  op: string;
}
