/**
 * All cases for servers, in the order in which they run: what everything else stands on comes first.
 *
 * @module
 */
import type { ConformCase, ConformRule } from "./case.ts";
import { ASSETS } from "./cases/assets.ts";
import { CHANNEL_CHANGES } from "./cases/channel_changes.ts";
import { CHANNELS } from "./cases/channels.ts";
import { CLIENT_PUBLISH } from "./cases/client_publish.ts";
import { CONNECTION } from "./cases/connection.ts";
import { CONNECTION_GRAPH } from "./cases/connection_graph.ts";
import { FRAMING } from "./cases/framing.ts";
import { HANDSHAKE } from "./cases/handshake.ts";
import { HARM } from "./cases/harm.ts";
import { LIMITS } from "./cases/limits.ts";
import { MALFORMED } from "./cases/malformed.ts";
import { ORDERING } from "./cases/ordering.ts";
import { PARAMETERS } from "./cases/parameters.ts";
import { PARAMETERS_SET } from "./cases/parameters_set.ts";
import { PARAMETERS_WATCH } from "./cases/parameters_watch.ts";
import { PLAYBACK } from "./cases/playback.ts";
import { PLAYBACK_DATA } from "./cases/playback_data.ts";
import { SCHEMA_TABLE } from "./cases/schema_table.ts";
import { SERVICE_FAILURES } from "./cases/service_failures.ts";
import { SERVICES } from "./cases/services.ts";
import { STATUS } from "./cases/status.ts";
import { SUBSCRIBE } from "./cases/subscribe.ts";
import { UNDECLARED } from "./cases/undeclared.ts";
import { UNSUBSCRIBE } from "./cases/unsubscribe.ts";

/** The cases. */
export const CASES: readonly ConformCase[] = [
  ...HANDSHAKE,
  ...FRAMING,
  ...CONNECTION,
  ...CHANNELS,
  ...SCHEMA_TABLE,
  ...SUBSCRIBE,
  ...UNSUBSCRIBE,
  ...CHANNEL_CHANGES,
  ...CLIENT_PUBLISH,
  ...SERVICES,
  ...SERVICE_FAILURES,
  ...PARAMETERS,
  ...PARAMETERS_SET,
  ...PARAMETERS_WATCH,
  ...ASSETS,
  ...CONNECTION_GRAPH,
  ...PLAYBACK,
  ...PLAYBACK_DATA,
  ...STATUS,
  ...UNDECLARED,
  ...ORDERING,
  ...MALFORMED,
  ...LIMITS,
  ...HARM,
];

/** The rules for servers, in the order in which they are tried. */
export const SERVER_RULES: readonly ConformRule[] = CASES;
