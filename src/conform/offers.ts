/**
 * What a server would have to offer to have more of it tried, in words: docs/conformance.md, "What to offer it".
 *
 * @module
 */
import type { Capability } from "../protocol/constants.ts";

/** To declare a capability, and what goes with it. */
export const CAPABILITY_OFFERS: Readonly<Record<Capability, string>> = {
  clientPublish: 'declare "clientPublish", and publish again on "/echo/x" what a client publishes on "/x"',
  parameters: 'declare "parameters", with the parameters int, float, string, bool, bytes, list, nested and read_only',
  parametersSubscribe: 'declare "parametersSubscribe", with a parameter "ticks" that changes every second',
  time: 'declare "time", and send it',
  services: 'declare "services", with the services "/add", "/echo", "/fail" and "/slow"',
  connectionGraph: 'declare "connectionGraph", with the channels and clients of the server in the graph',
  assets: 'declare "assets", with "package://everything/robot.urdf" and "package://everything/huge.bin"',
  playbackControl: 'declare "playbackControl", with 60 s of data and the channel "/playback"',
};

const TOPIC_OFFERS: Readonly<Record<string, string>> = {
  "/counter": 'json {"count": 0}, one more ten times a second',
  "/bytes": 'encoding "raw", without a schema, 256 bytes 0 to 255 once a second',
  "/latched": "json, published once, sent to each new subscription at once",
  "/pose": "protobuf with foxglove.PoseInFrame and its imports",
  "/burst": "1 000 messages of 100 bytes at once each second, each beginning with a number (u32) that goes on",
  "/playback": 'json {"t"}, the seconds since the start, 20 times a second while playing',
};

const SERVICE_OFFERS: Readonly<Record<string, string>> = {
  "/add": 'json {"a", "b"} gives {"sum"}',
  "/echo": "without encodings of its own, gives back what it got",
  "/fail": 'fails with "Failure on purpose"',
  "/slow": "never answers, and is given up after 1 s",
};

const PARAMETER_OFFERS: Readonly<Record<string, string>> = {
  int: "1",
  float: "1.0, of type float64",
  string: '"text"',
  bool: "true",
  bytes: "0 to 15, of type byte_array",
  list: "[1, 2.5], of type float64_array",
  nested: '{"a": [1, {"b": true}]}',
  read_only: '"fixed", which cannot be set',
  ticks: "one more every second",
};

/** What is asked for by no name. */
export const OTHER_OFFERS = {
  channels: 'channels: "/counter" json {"count": 0}, one more ten times a second, is enough for most of it',
  echoes: 'publish again on "/echo/x" what a client publishes on "/x", as long as it advertises it',
  graph: "have the clients of the server in the connection graph, with what they subscribe to and publish",
  hello: 'send each new client a status with the id "hello", and remove it after five seconds',
  probe: 'answer a request for what is not there, best an "unsubscribe" of an unknown id, by a status that names it',
} as const;

const named = (kind: string, offers: Readonly<Record<string, string>>) => (name: string): string =>
  `a ${kind} "${name}"${name in offers ? `: ${offers[name]}` : ""}`;

/** A channel of this topic. */
export const topicOffer = named("channel", TOPIC_OFFERS);
/** A service of this name. */
export const serviceOffer = named("service", SERVICE_OFFERS);
/** A parameter of this name. */
export const parameterOffer = named("parameter", PARAMETER_OFFERS);
