/** The reference server, for the client of npm `@foxglove/ws-protocol`: what another implementation makes of it. */
import type { Channel, FetchAssetResponse, MessageData, ParameterValues, Service } from "@foxglove/ws-protocol";
import { assertEquals } from "@std/assert";
import { WebSocket as NodeWebSocket } from "ws";
import { Inbox } from "../../support/inbox.ts";
import { PeerClient } from "../../support/ws_protocol_peer.ts";
import type { On } from "./scene.ts";

const text = (data: ArrayBufferView) => new TextDecoder().decode(data);

/** Declares the test. */
export function npmClientSuite(on: On): void {
  on("channels, services, parameters and assets", async ({ url }) => {
    const Socket = globalThis.WebSocket ?? NodeWebSocket;
    const client = new PeerClient({ ws: new Socket(url, [PeerClient.SUPPORTED_SUBPROTOCOL]) });
    const channels = new Inbox<Channel[]>("advertise");
    const services = new Inbox<Service[]>("advertiseServices");
    const messages = new Inbox<MessageData>("message");
    const answers = new Inbox<string>("answer of a service");
    const values = new Inbox<Omit<ParameterValues, "op">>("parameterValues");
    const assets = new Inbox<FetchAssetResponse>("fetchAssetResponse");
    const errors: string[] = [];
    const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
    client.on("advertise", (list) => channels.put(list));
    client.on("advertiseServices", (list) => services.put(list));
    client.on("message", (message) => messages.put(message));
    client.on("serviceCallResponse", ({ data }) => answers.put(text(data)));
    client.on("serviceCallFailure", ({ message }) => answers.put(message));
    client.on("parameterValues", ({ op: _, ...answer }) => values.put(answer));
    client.on("fetchAssetResponse", (answer) => assets.put(answer));
    client.on("error", (error) => errors.push(String(error)));

    const channel = new Map((await channels.next()).map(({ topic, id }) => [topic, id]));
    client.subscribe(channel.get("/latched")!);
    assertEquals(Object.keys(JSON.parse(text((await messages.next()).data))), ["text"]);
    const service = new Map((await services.next()).map(({ name, id }) => [name, id]));
    const call = (serviceId: number, callId: number) => {
      const data = new TextEncoder().encode('{"a":1,"b":2}');
      client.sendServiceCallRequest({ serviceId, callId, encoding: "json", data: new DataView(data.buffer) });
      return answers.next();
    };
    assertEquals(await call(service.get("/add")!, 1), '{"sum":3}');
    assertEquals(await call(service.get("/slow")!, 2), 'Service "/slow" did not answer within 1000 ms');
    client.getParameters(["float", "nested"], "ask");
    assertEquals(await values.next(), {
      id: "ask",
      parameters: [{ name: "float", value: 1, type: "float64" }, { name: "nested", value: { a: [1, { b: true }] } }],
    });
    client.fetchAsset("package://everything/huge.bin", 1);
    const asset = await assets.next();
    assertEquals([asset.status as number, "data" in asset ? asset.data.byteLength : 0], [0, 8 * 1024 * 1024]);
    client.close();
    await closed;
    assertEquals(errors, []);
  });
}
