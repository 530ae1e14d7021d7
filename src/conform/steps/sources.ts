/**
 * Where the rules of the cases come from: one table of sections and files with their addresses.
 *
 * @module
 */
import type { Source } from "../case.ts";

/** The published specification of `foxglove.websocket.v1`; a section's address is its heading. */
const SPEC_URL = "https://github.com/foxglove/ws-protocol/blob/main/docs/spec.md";
const SPEC_SECTIONS = [
  "Protocol overview",
  "JSON messages",
  "Server Info",
  "Status",
  "Advertise",
  "Unadvertise",
  "Parameter Values",
  "Advertise Services",
  "Unadvertise Services",
  "Service Call Failure",
  "Connection graph update",
  "Subscribe",
  "Unsubscribe",
  "Client Advertise",
  "Client Unadvertise",
  "Get Parameters",
  "Set Parameters",
  "Subscribe Parameter Update",
  "Unsubscribe Parameter Update",
  "Subscribe connection graph updates",
  "Unsubscribe connection graph updates",
  "Fetch Asset",
  "Binary messages",
  "Message Data",
  "Time",
  "Service Call Response",
  "Fetch Asset Response",
  "Client Message Data",
  "Service Call Request",
] as const;

/** What came after it, and is published nowhere else. */
const PROTOCOL_URL = "docs/protocol.md";
const PROTOCOL_SECTIONS = {
  "Handshake": 2,
  "Framing": 3,
  "The course of a connection": 4,
  "Capabilities": 7,
  "Channels and schemas": 8,
  "The schema table of foxglove.sdk.v1.1": 9,
  "Parameters": 10,
  "Services": 11,
  "Connection graph": 13,
  "Time and playback": 14,
  "Bad input": 15,
} as const;

/** What the server of the official SDK does, and where that can be read. */
const SDK_URL = "https://github.com/foxglove/foxglove-sdk/blob/main/rust/foxglove/src";
const CONNECTED_CLIENT = "websocket/connected_client.rs";
const SDK_PLACES = {
  on_connect: CONNECTED_CLIENT,
  handle_message: CONNECTED_CLIENT,
  on_subscribe: CONNECTED_CLIENT,
  on_unsubscribe: CONNECTED_CLIENT,
  on_advertise: CONNECTED_CLIENT,
  on_unadvertise: CONNECTED_CLIENT,
  on_message_data: CONNECTED_CLIENT,
  on_get_parameters: CONNECTED_CLIENT,
  on_set_parameters: CONNECTED_CLIENT,
  on_service_call: CONNECTED_CLIENT,
  on_fetch_asset: CONNECTED_CLIENT,
  on_connection_graph_unsubscribe: CONNECTED_CLIENT,
  on_disconnect: CONNECTED_CLIENT,
  send_error: CONNECTED_CLIENT,
  send_asset_response: CONNECTED_CLIENT,
  send_control_msg: CONNECTED_CLIENT,
  do_handshake: "websocket/handshake.rs",
  advertise_channels: "websocket/advertise.rs",
  Capability: "websocket/capability.rs",
  ConnectionGraph: "websocket/connection_graph.rs",
  Server: "websocket/server.rs",
  Service: "websocket/service.rs",
  Parameter: "protocol/common/parameter.rs",
  ParameterValues: "protocol/common/server/parameter_values.rs",
  PlaybackControlRequest: "protocol/common/client/playback_control_request.rs",
  ServerInfo: "protocol/common/server/server_info.rs",
  Status: "protocol/common/server/status.rs",
} as const;

/** What Foxwire does where both are silent. */
const FOXWIRE_PLACES = {
  "Before the upgrade": "docs/behaviour.md",
  "The course of a connection": "docs/behaviour.md",
  "What does not follow the protocol": "docs/behaviour.md",
  "Channels": "docs/behaviour.md",
  "Channels of clients": "docs/behaviour.md",
  "Parameters": "docs/behaviour.md",
  "Services": "docs/behaviour.md",
  "Assets": "docs/behaviour.md",
  "Connection graph": "docs/behaviour.md",
  "Time and playback": "docs/behaviour.md",
  "Order": "docs/behaviour.md",
  "Limits": "docs/behaviour.md",
  "Messages of a server": "docs/behaviour.md",
  "Reconnecting": "docs/behaviour.md",
  "Subscriptions": "docs/client.md",
  "Servers that are almost right": "docs/interop.md",
  "What to offer it": "docs/conformance.md",
} as const;

/** A place, and in words what it says there, or more of it than one section. */
type Where<Place extends string> = Place | `${Place}: ${string}`;

/** The published specification. */
export function spec(where: Where<typeof SPEC_SECTIONS[number]>): Source {
  return { authority: "specification", where, url: `${SPEC_URL}#${anchorOf(placeOf(where))}` };
}

/** What the specification stands on, such as WebSocket (RFC 6455) and HTTP (RFC 9110). */
export function rfc(number: number, section: string, what = ""): Source {
  const where = `RFC ${number}, ${section}${what && `: ${what}`}`;
  const [first] = /^[\d.]+/.exec(section)!;
  return { authority: "specification", where, url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${first}` };
}

/** Our description of what the published specification does not know yet. */
export function protocol(where: Where<keyof typeof PROTOCOL_SECTIONS>): Source {
  return { authority: "specification", where, url: protocolUrl(placeOf(where)) };
}

/** What Foxwire has chosen where the protocol leaves room, as our description says. */
export function choice(where: Where<keyof typeof PROTOCOL_SECTIONS>): Source {
  return { authority: "foxwire", where, url: protocolUrl(placeOf(where)) };
}

/** What the server of the official SDK does. */
export function sdk(where: Where<keyof typeof SDK_PLACES>): Source {
  return { authority: "sdk", where, url: `${SDK_URL}/${SDK_PLACES[placeOf(where) as keyof typeof SDK_PLACES]}` };
}

/** What viewers take, as the documentation of Foxglove says. */
export function viewers(what: string): Source {
  const url = "https://docs.foxglove.dev/docs/connecting-to-data/frameworks/custom";
  return { authority: "sdk", where: `custom connections: ${what}`, url };
}

/** What Foxwire does where all others are silent. */
export function foxwire(where: Where<keyof typeof FOXWIRE_PLACES>): Source {
  const place = placeOf(where) as keyof typeof FOXWIRE_PLACES;
  return { authority: "foxwire", where, url: `${FOXWIRE_PLACES[place]}#${anchorOf(place)}` };
}

function placeOf(where: string): string {
  return where.split(": ", 1)[0]!;
}

function protocolUrl(section: string): string {
  const number = PROTOCOL_SECTIONS[section as keyof typeof PROTOCOL_SECTIONS];
  return `${PROTOCOL_URL}#${anchorOf(`${number}. ${section}`)}`;
}

/** The address of a heading, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\w -]/g, "").replaceAll(" ", "-");
}
