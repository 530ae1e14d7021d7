/** What a server says of itself: its `serverInfo`, its channels and its services. */
import { VERSION } from "../../../src/util/version.ts";
import type { Members } from "../readers/read_json.ts";
import { type CHANNELS, type ServerKind, SERVICES } from "../targets/server_fixture.ts";
import type { PlaybackModel } from "./playback_model.ts";
import { keyOf } from "./same.ts";
import type { SessionModel } from "./session_model.ts";

/** A channel of the server. */
export interface ChannelModel {
  readonly id: number;
  readonly topic: string;
  readonly kind: typeof CHANNELS[number];
  latched: { time: bigint; payload: Uint8Array } | undefined;
}

/** Says who the server is; schemas have to be told again. */
export function tellInfo(
  client: SessionModel,
  { kind, playback, sessionId }: { kind: ServerKind; playback: PlaybackModel | undefined; sessionId: string },
): void {
  client.schemas.clear();
  const times = playback === undefined || !client.hasPlayback ? {} : {
    dataStartTime: { sec: 0, nsec: Number(playback.start) },
    dataEndTime: { sec: 0, nsec: Number(playback.end) },
  };
  client.tell({
    op: "serverInfo",
    name: "fuzz",
    capabilities: kind === "bare" ? [] : capabilitiesFor(client),
    ...(kind === "tight" ? { supportedEncodings: ["json", "cdr"] } : {}),
    metadata: { "fg-library": `foxwire/${VERSION}` },
    sessionId,
    ...times,
  });
}

function capabilitiesFor({ hasPlayback }: SessionModel): string[] {
  const all = ["clientPublish", "parameters", "parametersSubscribe", "time", "services", "connectionGraph", "assets"];
  return hasPlayback ? [...all, "playbackControl"] : all;
}

/** Tells of channels. */
export function advertise(client: SessionModel, channels: readonly ChannelModel[]): void {
  if (client.protocol === "foxglove.sdk.v1.1") return advertiseByTable(client, channels);
  client.tell({ op: "advertise", channels: channels.map(({ id, topic, kind }) => ({ id, topic, ...kind.wire })) });
}

function advertiseByTable(client: SessionModel, all: readonly ChannelModel[]): void {
  const schemas: object[] = [];
  const channels = all.map(({ id, topic, kind: { wire } }) => {
    const { schemaName: name, schema: data, schemaEncoding: encoding, ...rest } = wire as Members;
    if (encoding === undefined) return { id, topic, ...rest };
    const key = keyOf([name, encoding, data]);
    const schemaId = client.schemas.get(key) ?? client.schemas.size + 1;
    if (!client.schemas.has(key)) schemas.push({ id: schemaId, name, encoding, data });
    client.schemas.set(key, schemaId);
    return { id, topic, ...rest, schemaId };
  });
  client.tell({ op: "advertise", ...(schemas.length === 0 ? {} : { schemas }), channels });
}

/** Tells of services, by id, if there are any. */
export function advertiseServices(client: SessionModel, all: readonly [id: number, name: string][]): void {
  if (all.length === 0) return;
  const side = { encoding: "json", schemaName: "", schemaEncoding: "", schema: "" };
  const services = all.map(([id, name]) => {
    const { type = "", request, response } = SERVICES[name]!.options;
    return {
      id,
      name,
      type,
      ...(request === undefined ? { requestSchema: "" } : { request: side }),
      ...(response === undefined ? { responseSchema: "" } : { response: side }),
    };
  });
  client.tell({ op: "advertiseServices", services });
}
