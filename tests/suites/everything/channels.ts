/** Channels, and what clients publish, byte by byte. */
import { readFileSync } from "node:fs";
import { assertEquals } from "@std/assert";
import { bytes, messageData, u32, utf8 } from "../../support/raw_bytes.ts";
import type { On, Visitor } from "./scene.ts";

const POSE_VECTOR = JSON.parse(readFileSync(new URL("../../vectors/pose_in_frame.json", import.meta.url), "utf8"));

export function channelRows(on: On): void {
  on("/counter counts by one, in JSON that follows its schema", async ({ visit }) => {
    const visitor = await visit();
    const { encoding, schemaEncoding, schema } = visitor.advertised("channels", "/counter");
    assertEquals([encoding, schemaEncoding], ["json", "jsonschema"]);
    assertEquals(JSON.parse(schema).properties, { count: { type: "integer" } });
    const counts = (await visitor.jsonData(visitor.subscribe("/counter"), 5)).map(({ count }) => count);
    assertEquals(counts, [0, 1, 2, 3, 4].map((i) => counts[0] + i));
  });

  on("/bytes has no schema and each byte once, again and again", async ({ visit }) => {
    const visitor = await visit();
    const { id, ...channel } = visitor.advertised("channels", "/bytes");
    assertEquals([typeof id, channel], ["number", { topic: "/bytes", encoding: "raw", schemaName: "", schema: "" }]);
    const messages = await visitor.data(visitor.subscribe("/bytes"), 2);
    const all = Array.from({ length: 256 }, (_, value) => value);
    assertEquals(messages.map(({ payload }) => [...payload]), [all, all]);
  });

  on("/latched comes to each subscription, and to the next one of the same client", async ({ visit }) => {
    const [first, second] = [await visit(), await visit()];
    const [message] = await first.data(first.subscribe("/latched"), 1);
    assertEquals(await second.data(second.subscribe("/latched"), 1), [message]);
    first.unsubscribe(1);
    assertEquals(await first.data(first.subscribe("/latched"), 1), [message]);
    assertEquals(first.advertised("channels", "/latched").encoding, "json");
    assertEquals(typeof JSON.parse(utf8(message!.payload)), "object");
  });

  on("/pose has the FileDescriptorSet of the official SDK, imports included", async ({ visit }) => {
    const visitor = await visit();
    const { schemaName, schemaEncoding, schema, encoding } = visitor.advertised("channels", "/pose");
    const { about: _, ...expected } = POSE_VECTOR;
    assertEquals({ schemaName, schemaEncoding, schema }, expected);
    assertEquals(encoding, "protobuf");
    const [one, two] = await visitor.data(visitor.subscribe("/pose"), 2);
    // Field 1, a message: the timestamp. Field 2, a text of three letters: the frame. Field 3, a message: the pose.
    for (const { payload } of [one!, two!]) {
      assertEquals(payload[0], 0x0a);
      const frame = payload.subarray(2 + payload[1]!);
      assertEquals([...frame.subarray(0, 6)], [0x12, 3, ...bytes("map"), 0x1a]);
      assertEquals(frame[6], frame.length - 7);
    }
    assertEquals(one!.logTime < two!.logTime, true);
  });

  on("/burst sends thousands that are numbered from burst to burst", async ({ visit }) => {
    const visitor = await visit();
    const { encoding, schemaName } = visitor.advertised("channels", "/burst");
    assertEquals([encoding, schemaName], ["raw", ""]);
    const messages = await visitor.data(visitor.subscribe("/burst"), 2_000);
    assertEquals(messages.filter(({ payload }) => payload.length !== 100), []);
    const numbers = messages.map(({ payload }) => new DataView(payload.buffer, payload.byteOffset).getUint32(0, true));
    const first = numbers[0]!;
    assertEquals(first % 1_000, 0);
    assertEquals(numbers, Array.from({ length: 2_000 }, (_, i) => first + i));
  });
}

const TEXT_SCHEMA = { schemaName: "std_msgs/msg/String", schema: "string data", schemaEncoding: "ros2msg" };
const TEXT = { id: 7, topic: "/x", encoding: "cdr", ...TEXT_SCHEMA };

/** The advertisement of an echo. */
async function echo(visitor: Visitor) {
  const { channels: [channel] } = await visitor.json("advertise") as unknown as { channels: [{ id: number }] };
  return channel;
}

export function echoRows(on: On): void {
  on("what a client publishes on /x comes again on /echo/x, in the same encoding and schema", async ({ visit }) => {
    const [publisher, reader] = [await visit(), await visit()];
    publisher.send({ op: "advertise", channels: [TEXT] });
    const { id, ...channel } = await echo(reader);
    assertEquals({ ...channel, topic: "/x" }, { ...TEXT_SCHEMA, topic: "/x", encoding: "cdr" });
    assertEquals((channel as { topic?: string }).topic, "/echo/x");
    const subscription = reader.subscribe({ channelId: id });
    await reader.raw.settle();
    publisher.send(messageData(7, u32(1)), messageData(7, ""), messageData(7, "abc"));
    const messages = await reader.data(subscription, 3);
    assertEquals(messages.map(({ payload }) => [...payload]), [[1, 0, 0, 0], [], [97, 98, 99]]);
  });

  on("an echo is shared by the publishers of its topic and goes with the last of them", async ({ visit }) => {
    const [one, two, reader] = [await visit(), await visit(), await visit()];
    one.send({ op: "advertise", channels: [TEXT] });
    const { id } = await echo(reader);
    two.send({ op: "advertise", channels: [{ ...TEXT, id: 1 }] });
    await two.raw.settle();
    const subscription = reader.subscribe({ channelId: id });
    await reader.raw.settle();
    one.send(messageData(7, "one"));
    const [first] = await reader.data(subscription, 1);
    one.send({ op: "unadvertise", channelIds: [7] });
    await one.raw.settle();
    two.send(messageData(1, "two"));
    const [second] = await reader.data(subscription, 1);
    assertEquals([first, second].map((message) => utf8(message!.payload)), ["one", "two"]);
    // The last one goes without a word.
    await two.leave();
    assertEquals(await reader.json("unadvertise"), { op: "unadvertise", channelIds: [id] });
    one.send({ op: "advertise", channels: [{ id: 8, topic: "/x", encoding: "json", schemaName: "" }] });
    const { id: _, ...again } = await echo(reader);
    assertEquals(again, { topic: "/echo/x", encoding: "json", schemaName: "", schema: "" } as never);
  });

  on("an encoding that is none of json, protobuf, ros1 and cdr is refused", async ({ visit }) => {
    const visitor = await visit();
    const [info] = visitor.greeting("serverInfo");
    assertEquals(info!.supportedEncodings, ["json", "protobuf", "ros1", "cdr"]);
    visitor.send({ op: "advertise", channels: [{ ...TEXT, encoding: "xml" }] });
    const { level, message } = await visitor.json("status", ({ id }) => id === undefined);
    assertEquals([level, message], [2, "Unsupported encoding: xml; ignoring advertisement of channel 7"]);
  });

  on("a topic that cannot be echoed for want of a schema is told to its publisher", async ({ visit }) => {
    const visitor = await visit();
    visitor.send({ op: "advertise", channels: [{ id: 7, topic: "/x", encoding: "cdr", schemaName: "Pose" }] });
    const { level, message } = await visitor.json("status", ({ id }) => id === undefined);
    assertEquals([level, (message as string).slice(0, 22)], [2, "Cannot echo topic: /x:"]);
    assertEquals(await visitor.raw.ask(messageData(7, "abc"), { op: "unadvertise", channelIds: [7] }).then(json), []);
  });
}

/** Without the times, which come all the while. */
function json(messages: unknown[]): unknown[] {
  return messages.filter((message) => !(message instanceof Uint8Array));
}
