/** The reference server's table once more, as a user of our own client has it. */
import { createFileRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import { AssetError, type ClientEvents, connect, type FoxgloveClient, ServiceError } from "@foxwire/foxwire/client";
import type { On } from "./scene.ts";

const LIMIT_MS = 20_000;
const START = 1_700_000_000_000_000_000n;

/** The first items of something that goes on. */
function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  return soon(async () => {
    const list: T[] = [];
    for await (const item of items) {
      list.push(item);
      if (list.length === count) break;
    }
    return list;
  });
}

/** What comes unasked may never come: Deno would wait for ever. */
function soon<T>(wait: () => Promise<T>): Promise<T> {
  return deadline(wait(), LIMIT_MS);
}

/** The first event that gives something. */
function heard<Type extends keyof ClientEvents, T>(
  client: FoxgloveClient,
  type: Type,
  pick: (event: ClientEvents[Type]) => T | undefined,
): Promise<T> {
  return soon(() =>
    new Promise((resolve) => {
      client.on(type, (event) => {
        const picked = pick(event);
        if (picked !== undefined) resolve(picked);
      });
    })
  );
}

/** Declares the tests. */
export function clientSuite(on: On): void {
  /** With a client that is connected. */
  const as = (name: string, body: (client: FoxgloveClient, url: string) => Promise<void>) =>
    on(name, async ({ url, expectError }) => {
      const client = await connect(url);
      const errors: unknown[] = [];
      client.on("error", ({ error }) => errors.push(error));
      client.on("warning", ({ message }) => errors.push(message));
      try {
        await body(client, url);
        assertEquals(errors, []);
      } finally {
        await client.close();
        expectError('service "/fail": Error: Failure on purpose');
      }
    });

  as("/counter, /bytes and /burst", async (client) => {
    const counts = (await take(client.subscribe<{ count: number }>("/counter"), 3)).map(({ value }) => value!.count);
    assertEquals(counts, [0, 1, 2].map((i) => counts[0]! + i));
    const [bytes] = await take(client.subscribe("/bytes"), 1);
    assertEquals([...bytes!.data], Array.from({ length: 256 }, (_, value) => value));
    const burst = await take(client.subscribe("/burst"), 1_500);
    const numbers = burst.map(({ data }) => new DataView(data.buffer, data.byteOffset).getUint32(0, true));
    assertEquals(numbers, numbers.map((_, i) => numbers[0]! + i));
  });

  as("/latched, at once and again", async (client) => {
    const [one] = await take(client.subscribe("/latched"), 1);
    const [two] = await take(client.subscribe("/latched"), 1);
    assertEquals([two!.data, two!.logTime], [one!.data, one!.logTime]);
  });

  as("/pose, decoded with the schema that comes with it", async (client) => {
    const [message] = await take(client.subscribe("/pose"), 1);
    const { name, encoding, data } = message!.channel.schema!;
    assertEquals([name, encoding], ["foxglove.PoseInFrame", "protobuf"]);
    const type = createFileRegistry(fromBinary(FileDescriptorSetSchema, data as Uint8Array)).getMessage(name)!;
    // deno-lint-ignore no-explicit-any -- JSON by a schema that came over the wire
    const pose = toJson(type, fromBinary(type, message!.data)) as any;
    assertEquals(pose.frameId, "map");
    assertEquals(BigInt(Date.parse(pose.timestamp)) * 1_000_000n, message!.logTime);
    const { position: { x = 0, y = 0 }, orientation: { z = 0, w = 0 } } = pose.pose;
    assertEquals([Math.hypot(x, y), Math.hypot(z, w)].map((size) => size.toFixed(9)), ["2.000000000", "1.000000000"]);
  });

  as("an echo of what two clients publish", async (client, url) => {
    const other = await connect(url);
    const schema = { name: "Note", encoding: "jsonschema", data: { type: "object" } };
    const one = client.publisher<unknown>({ topic: "/note", encoding: "json", schema });
    const echoes = client.subscribe("/echo/note");
    await heard(client, "advertise", ({ channels }) => channels.find(({ topic }) => topic === "/echo/note"));
    const two = other.publisher<unknown>({ topic: "/note", encoding: "json", schema });
    // An answer: what was sent before it is done.
    await Promise.all([client.getParameters(["int"]), other.getParameters(["int"])]);
    two.publish({ by: "two" });
    one.publish({ by: "one" });
    const messages = await take(echoes, 2);
    assertEquals(messages.map(({ value }) => (value as { by: string }).by).toSorted(), ["one", "two"]);
    assertEquals(messages[0]!.channel.schema, { ...schema, data: '{"type":"object"}' });
    const gone = heard(client, "unadvertise", ({ channels }) => channels);
    one.close();
    await client.getParameters(["int"]);
    assertEquals([...client.channels.values()].some(({ topic }) => topic === "/echo/note"), true);
    await other.close();
    assertEquals((await gone).map(({ topic }) => topic), ["/echo/note"]);
  });

  as("services", async (client) => {
    assertEquals(await client.callService("/add", { a: 1, b: 2 }), { sum: 3 });
    const options = { encoding: "cdr" };
    assertEquals(await client.callService("/echo", new Uint8Array([1, 2]), options), new Uint8Array([1, 2]));
    const failed = await assertRejects(() => client.callService("/fail"), ServiceError);
    assertEquals(failed.reason, "Failure on purpose");
    const slow = await assertRejects(() => client.callService("/slow"), ServiceError);
    assertEquals(slow.reason, 'Service "/slow" did not answer within 1000 ms');
  });

  as("parameters", async (client) => {
    const { ticks, ...others } = Object.fromEntries(await client.getParameters());
    assertEquals(typeof ticks, "number");
    assertEquals(others, {
      int: 1,
      float: 1,
      string: "text",
      bool: true,
      bytes: Uint8Array.from({ length: 16 }, (_, value) => value),
      list: [1, 2.5],
      nested: { a: [1, { b: true }] },
      read_only: "fixed",
    });
    const refusal = heard(client, "status", ({ id, message }) => id === undefined ? message : undefined);
    const now = await client.setParameters({ read_only: "other", float: 2, nested: { a: [] } });
    assertEquals(Object.fromEntries(now), { read_only: "fixed", float: 2, nested: { a: [] } });
    assertMatch(await refusal, /^Parameter read_only was not set: ./);
    const values = (await take(client.parameterUpdates(["ticks"]), 2)).map(({ value }) => value as number);
    assertEquals(values[1], values[0]! + 1);
  });

  as("assets", async (client) => {
    const huge = await client.fetchAsset("package://everything/huge.bin");
    assertEquals([huge.length, huge.findIndex((byte, i) => byte !== i % 251)], [8 * 1024 * 1024, -1]);
    const urdf = new TextDecoder().decode(await client.fetchAsset("package://everything/robot.urdf"));
    assertMatch(urdf, /<robot name="everything">/);
    await assertRejects(() => client.fetchAsset("package://everything/none"), AssetError, "not found");
  });

  as("the connection graph", async (client, url) => {
    const other = await connect(url);
    const subscription = other.subscribe("/pose");
    const graph = await soon(async () => {
      for await (const graph of client.connectionGraph()) {
        if (graph.subscribers.get("/pose")?.has("client-2")) return graph;
      }
    });
    assertEquals([...graph?.publishers.get("/pose") ?? []], ["server"]);
    assertEquals([...graph?.providers.get("/add") ?? []], ["server"]);
    subscription.close();
    await other.close();
  });

  as("time and playback", async (client) => {
    assertEquals(await take(client.timeUpdates(), 3), [START, START, START]);
    const messages = client.subscribe<{ t: number }>("/playback");
    const { status, speed, currentTime, didSeek } = await client.playback.play({ speed: 2, time: START + 10n ** 9n });
    assertEquals([status, speed, currentTime, didSeek], ["playing", 2, START + 10n ** 9n, true]);
    assertEquals((await take(messages, 3)).map(({ value }) => value!.t), [1, 1.05, 1.1]);
    const paused = await client.playback.pause();
    assertEquals(paused.status, "paused");
    const ended = heard(client, "playbackState", (state) => state.status === "ended" ? state.currentTime : undefined);
    await client.playback.play({ time: START + 59_900_000_000n });
    assertEquals(await ended, START + 60_000_000_000n);
  });

  as("the status hello comes and goes", async (client) => {
    const removed = heard(client, "removeStatus", ({ statusIds }) => statusIds);
    await client.getParameters(["int"]);
    assertEquals(client.statuses.get("hello"), { level: "info", message: "hello", id: "hello" });
    assertEquals(await removed, ["hello"]);
    assertEquals(client.statuses.size, 0);
  });
}
