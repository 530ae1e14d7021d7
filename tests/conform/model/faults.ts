/**
 * What the model can do wrong: mistakes that authors of servers make, each at one place in it, and each with the case of the
 * conformance suite that is there to catch it.
 */
import { CHANNELS_FAULTS } from "./faults_channels.ts";
import { CONNECTION_FAULTS } from "./faults_connection.ts";
import { REQUESTS_FAULTS } from "./faults_requests.ts";

/** What the server does wrong, the case that catches it, and what the server is, if the usual one has not got the fault. */
export type Fault = readonly [
  wrong: string,
  caughtBy: string,
  on?: "bare" | "foxglove.sdk.v1.1" | "foxglove.websocket.v1",
];

export const FAULTS = { ...CONNECTION_FAULTS, ...CHANNELS_FAULTS, ...REQUESTS_FAULTS };

export type FaultName = keyof typeof FAULTS;

/** Those that a server has. */
export type Faults = ReadonlySet<FaultName>;
