/** Rows of "Limits": bytes of what clients make the server keep, each at N and at N + 1. */
import { assertEquals } from "@std/assert";
import { type RawClient, status } from "../../support/raw_client.ts";
import type { On } from "./scene.ts";

/** Declares the tests. */
export function limitBytesRows(on: On): void {
  keptBytes(on);
  createdBytes(on);
}

function keptBytes(on: On): void {
  // 4 bytes each: the topic, "é" is two of them, and the encoding.
  const channel = (id: number, schema = "") => ({ id, topic: "é", encoding: "ab", schemaName: "", schema });
  const advertise = (...channels: object[]) => ({ op: "advertise", channels });
  on(
    "clientChannelBytes: N are taken, N + 1 refuse the channel alone, and there is room when one is gone",
    async (scene) => {
      const viewer = await scene.client();
      const refusal = status("error", "Too many bytes of channels: the limit is 12");
      assertEquals(await viewer.ask(advertise(channel(1), channel(2, "12345"), channel(3))), [refusal]);
      assertEquals(await viewer.ask(advertise(channel(2, "x"), channel(4))), [refusal], "3 is there, 2 is not");
      assertEquals(await viewer.ask({ op: "unadvertise", channelIds: [1] }, advertise(channel(2, ""))), []);
      assertEquals(await (await scene.client()).ask(advertise(channel(1, "12345678"))), [], "each has its own");
    },
    { clientPublish: true, limits: { clientChannelBytes: 12 } },
  );

  const watch = (...parameterNames: string[]) => ({ op: "subscribeParameterUpdates", parameterNames });
  const ignore = (...parameterNames: string[]) => ({ op: "unsubscribeParameterUpdates", parameterNames });
  on(
    "parameterNameBytes: N are taken, N + 1 refuse the request, and there is room when some are gone",
    async (scene) => {
      const viewer = await scene.client();
      const refusal = status("error", "Too many bytes of parameter names: the limit is 8");
      assertEquals(await viewer.ask(watch("abc", "é", "abc"), watch("é", "defg")), [refusal]);
      assertEquals(await viewer.ask(watch("def")), [], "8 bytes");
      assertEquals(await viewer.ask(watch("g")), [refusal]);
      assertEquals(await viewer.ask(ignore("é", "h"), watch("gh")), []);
      assertEquals(
        await viewer.ask(watch(), ignore("abcdefgh"), ignore("i")),
        [refusal],
        "those that are left out too",
      );
      assertEquals(await viewer.ask(ignore(), watch("ijklmnop")), []);
    },
    { parameters: {}, limits: { parameterNameBytes: 8 } },
  );
}

function createdBytes(on: On): void {
  on("clientParameterBytes: N are kept, N + 1 is refused alone, and own code's values take no room", async (scene) => {
    const { server } = scene;
    server.parameters.set("own", "x".repeat(100));
    const [viewer, other] = [await scene.client(), await scene.client()];
    const set = (client: RawClient, name: string, value?: string) =>
      client.ask({ op: "setParameters", parameters: [{ name, value }] });
    const refused = (
      name: string,
    ) => [status("error", `Parameter ${name} was not set: too many bytes of values, the limit is 20`)];
    // Each is its name, the text, and the quotes around it.
    assertEquals(await set(viewer, "a", "12345678"), [], "11 of 20");
    assertEquals(await set(other, "b", "1234567"), refused("b"), "21");
    assertEquals(await set(other, "b", "123456"), [], "20");
    assertEquals(await set(viewer, "a", "123456789"), refused("a"), "21");
    assertEquals(await set(viewer, "own", ""), refused("own"), "what clients make of others counts");
    assertEquals(await set(viewer, "a", "1234"), [], "16");
    assertEquals(await set(viewer, "own", ""), refused("own"), "21");
    assertEquals(await set(viewer, "a"), [], "9");
    assertEquals(await set(viewer, "own", "123456"), [], "20");
    assertEquals(await set(viewer, "c", ""), refused("c"));
    server.parameters.set("own", "y".repeat(100));
    assertEquals(await set(viewer, "c", ""), []);
    assertEquals(server.parameters.names(), ["own", "b", "c"]);
  }, { parameters: {}, limits: { clientParameterBytes: 20 } });
}
