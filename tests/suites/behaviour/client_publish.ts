/** Rows of "Server: messages": what clients advertise and publish. */
import { assertEquals, assertMatch } from "@std/assert";
import { messageData } from "../../support/raw_bytes.ts";
import { errorText, status } from "../../support/raw_client.ts";
import { recordEvents } from "../../support/wire_client.ts";
import type { On } from "./scene.ts";

const PUBLISH = { clientPublish: true };

/** Declares the tests. */
export function clientPublishRows(on: On): void {
  advertise(on);
  unadvertise(on);
  publish(on);
}

function advertising(...channels: [id: number, topic: string, encoding?: string][]): object {
  const entries = channels.map(([id, topic, encoding = "json"]) => ({ id, topic, encoding, schemaName: "" }));
  return { op: "advertise", channels: entries };
}

function advertise(on: On): void {
  on("advertise without clientPublish: E, once for all entries", async ({ server, client }) => {
    const events = recordEvents(server);
    const viewer = await client();
    const answer = await viewer.ask(advertising([1, "/a"], [2, "/b"]));
    assertEquals(answer, [status("error", "Server does not support clientPublish capability")]);
    assertEquals(events, ["connect 1"]);
  });

  on("advertise, id in use: W, and the first channel stays", async ({ server, client }) => {
    const viewer = await client();
    const events = recordEvents(server);
    const text = "Client is already advertising channel: 1; ignoring advertisement";
    assertEquals(await viewer.ask(advertising([1, "/a"]), advertising([1, "/b"])), [status("warning", text)]);
    await viewer.ask(messageData(1, "x"));
    assertEquals(events, ["advertise 1 /a", "message 1 /a x"]);
  }, PUBLISH);

  on("advertise, encoding not in supportedEncodings: E", async ({ client }) => {
    const viewer = await client();
    assertEquals((viewer.greeting[0] as { supportedEncodings?: unknown }).supportedEncodings, ["json", "cdr"]);
    const text = "Unsupported encoding: ros1; ignoring advertisement of channel 5";
    assertEquals(await viewer.ask(advertising([5, "/a", "ros1"])), [status("error", text)]);
    assertEquals(await viewer.ask(advertising([5, "/a", "cdr"])), []);
  }, { ...PUBLISH, supportedEncodings: ["json", "cdr"] });

  on("advertise, no supportedEncodings given: every encoding is accepted", async ({ server, client }) => {
    const viewer = await client();
    const events = recordEvents(server);
    assertEquals("supportedEncodings" in viewer.greeting[0]!, false);
    assertEquals(await viewer.ask(advertising([1, "/a", "odd"], [2, "/b", ""])), []);
    assertEquals(events, ["advertise 1 /a", "advertise 1 /b"]);
  }, PUBLISH);

  on(
    "advertise, batch: a bad entry is answered for itself and stops no other, in order",
    async ({ server, client }) => {
      const viewer = await client();
      const events = recordEvents(server);
      const good = { encoding: "json", schemaName: "" };
      const channel = (id: number, topic: unknown) => ({ ...good, id, topic });
      const channels = [channel(1, 5), channel(2, "/b"), channel(2, "/c"), 7, channel(3, "/d")];
      const answers = await viewer.ask({ op: "advertise", channels });
      assertEquals(answers.length, 3);
      assertMatch(errorText(answers[0]), /^Invalid message: .*advertise: channels\[0\]\.topic/);
      assertEquals(answers[1], status("warning", "Client is already advertising channel: 2; ignoring advertisement"));
      assertMatch(errorText(answers[2]), /^Invalid message: .*advertise: channels\[3\]/);
      assertEquals(events, ["advertise 1 /b", "advertise 1 /d"]);
    },
    PUBLISH,
  );
}

function unadvertise(on: On): void {
  const unknown = (id: number) =>
    status("warning", `Client is not advertising channel: ${id}; ignoring unadvertisement`);

  on("unadvertise, unknown id: W", async ({ client }) => {
    const viewer = await client();
    await viewer.ask(advertising([1, "/a"]));
    const unadvertising = { op: "unadvertise", channelIds: [9, 1, 1] };
    assertEquals(await viewer.ask(unadvertising), [unknown(9), unknown(1)]);
    // The id is free again.
    assertEquals(await viewer.ask(advertising([1, "/b"])), []);
  }, PUBLISH);

  on("unadvertise, id of another client: W", async ({ client }) => {
    const [one, other] = [await client(), await client()];
    await one.ask(advertising([1, "/a"]));
    assertEquals(await other.ask({ op: "unadvertise", channelIds: [1] }), [unknown(1)]);
  }, PUBLISH);
}

function publish(on: On): void {
  on("messageData on an unadvertised channel: E Unknown channel ID", async ({ server, client }) => {
    const viewer = await client();
    const events = recordEvents(server);
    await viewer.ask(advertising([1, "/a"]), { op: "unadvertise", channelIds: [1] });
    const unknown = (id: number) => status("error", `Unknown channel ID: ${id}`);
    const answers = await viewer.ask(messageData(1, "x"), messageData(0xffff_ffff, ""));
    assertEquals(answers, [unknown(1), unknown(0xffff_ffff)]);
    assertEquals(events, ["advertise 1 /a", "unadvertise 1 /a"]);
  }, PUBLISH);

  on("messageData: the message event has the bytes, which may be none", async ({ server, client }) => {
    const viewer = await client();
    const events = recordEvents(server);
    assertEquals(await viewer.ask(advertising([1, "/a"]), messageData(1, "{}"), messageData(1, "")), []);
    assertEquals(events, ["advertise 1 /a", "message 1 /a {}", "message 1 /a "]);
  }, PUBLISH);
}
