/**
 * All cases for clients, in the order in which they are played.
 *
 * @module
 */
import type { ClientCase } from "./case.ts";
import { channels } from "./cases/channels.ts";
import { features } from "./cases/features.ts";
import { handshake } from "./cases/handshake.ts";
import { receiving } from "./cases/receiving.ts";
import { requests } from "./cases/requests.ts";
import { robustness } from "./cases/robustness.ts";
import { session } from "./cases/session.ts";
import { subscriptions } from "./cases/subscriptions.ts";

/** The scenes. */
export const CLIENT_CASES: readonly ClientCase[] = [
  ...handshake,
  ...receiving,
  ...channels,
  ...subscriptions,
  ...session,
  ...robustness,
  ...requests,
  ...features,
];

/** Names of those that are seen only where a driver tells what the client received. */
export const DRIVEN: ReadonlySet<string> = new Set(
  CLIENT_CASES.filter(({ driven }) => driven).map(({ name }) => name),
);
