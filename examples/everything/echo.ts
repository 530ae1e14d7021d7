/**
 * What a client publishes on `/x` is published again on `/echo/x`, with the same encoding and schema. That channel is there
 * from the advertisement of its first publisher until the last of them has gone.
 */
import type { Channel, ChannelSchema, FoxgloveServer, ServerEvents } from "@foxwire/foxwire/server";

type ClientChannel = ServerEvents["advertise"]["channel"];

/** What a schema is written in, where a client does not say. */
const SCHEMA_ENCODINGS: Record<string, string> = {
  json: "jsonschema",
  protobuf: "protobuf",
  ros1: "ros1msg",
  cdr: "ros2msg",
};

export function addEcho(server: FoxgloveServer): void {
  const echoes = new Map<string, { channel: Channel; publishers: number }>();
  server.on("advertise", ({ client, channel }) => {
    const echo = echoes.get(kindOf(channel));
    if (echo !== undefined) return void echo.publishers++;
    try {
      echoes.set(kindOf(channel), { channel: echoOf(server, channel), publishers: 1 });
    } catch (error) {
      client.status("error", `Cannot echo topic: ${channel.topic}: ${(error as Error).message}`);
    }
  });
  server.on("message", ({ channel, data }) => echoes.get(kindOf(channel))?.channel.publish(data, { owned: true }));
  server.on("unadvertise", ({ channel }) => {
    const echo = echoes.get(kindOf(channel));
    if (echo === undefined || --echo.publishers > 0) return;
    echoes.delete(kindOf(channel));
    echo.channel.close();
  });
}

/** Equal for channels that can share an echo: publishers of one topic need not agree on what it carries. */
function kindOf({ topic, encoding, schemaName, schemaEncoding, schema }: ClientChannel): string {
  return JSON.stringify([topic, encoding, schemaName, schemaEncoding, schema]);
}

function echoOf(server: FoxgloveServer, channel: ClientChannel): Channel {
  const { topic, encoding } = channel;
  const schema = schemaOf(channel);
  const slash = topic.startsWith("/") ? "" : "/";
  return server.channel(`/echo${slash}${topic}`, { encoding, ...(schema === undefined ? {} : { schema }) });
}

/** A client may name a schema without having it: then there is nothing to show. */
function schemaOf({ encoding, schemaName, schemaEncoding, schema }: ClientChannel): ChannelSchema | undefined {
  if (!schema) return undefined;
  return { name: schemaName, encoding: schemaEncoding || SCHEMA_ENCODINGS[encoding] || encoding, data: schema };
}
