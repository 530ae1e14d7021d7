/** Every row of the reference server's table, on a raw socket. */
import { assertEquals } from "@std/assert";
import { channelRows, echoRows } from "./channels.ts";
import { playbackRows } from "./playback.ts";
import { assetRows, graphRows, parameterRows, serviceRows } from "./requests.ts";
import type { On } from "./scene.ts";

const CAPABILITIES = ["assets", "clientPublish", "connectionGraph", "parameters", "parametersSubscribe", "services"];
const PLAYBACK = ["foxglove.sdk.v1", "foxglove.sdk.v1.1"];

/** Declares the tests. */
export function wireSuite(on: On): void {
  greetingRows(on);
  statusRows(on);
  channelRows(on);
  echoRows(on);
  serviceRows(on);
  parameterRows(on);
  assetRows(on);
  graphRows(on);
  playbackRows(on, PLAYBACK);
}

/** Declares what shows that the server is there, whole, on a runtime. */
export function greetingRows(on: On): void {
  for (const protocol of [...PLAYBACK, "foxglove.websocket.v1"]) {
    on(`${protocol}: a client is greeted with everything there is`, async ({ visit }) => {
      const visitor = await visit(protocol);
      const [info] = visitor.greeting("serverInfo");
      const playback = PLAYBACK.includes(protocol) ? ["playbackControl"] : [];
      assertEquals((info!.capabilities as string[]).toSorted(), [...CAPABILITIES, ...playback, "time"].toSorted());
      for (const topic of ["/counter", "/bytes", "/latched", "/pose", "/burst", "/playback"]) {
        assertEquals(visitor.advertised("channels", topic)?.topic, topic);
      }
      for (const name of ["/add", "/echo", "/fail", "/slow"]) {
        assertEquals(visitor.advertised("services", name)?.name, name);
      }
    });
  }
}

function statusRows(on: On): void {
  on("each client is shown the status hello, and later no more", async ({ visit }) => {
    const [one, two] = [await visit(), await visit()];
    for (const visitor of [one, two]) {
      const hello = { op: "status", level: 0, message: "hello", id: "hello" };
      assertEquals(visitor.greeting("status"), [hello]);
    }
    for (const visitor of [one, two]) {
      assertEquals(await visitor.json("removeStatus"), { op: "removeStatus", statusIds: ["hello"] });
    }
  });
}
