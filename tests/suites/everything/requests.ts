/** What clients ask for: services, parameters, assets, the connection graph. */
import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { readAsset, readServiceResponse, serviceCall } from "../../support/raw_bytes.ts";
import type { On, Visitor } from "./scene.ts";

/** Calls a service and reads its answer. */
async function call(visitor: Visitor, name: string, encoding: string, payload: string) {
  const { id } = visitor.advertised("services", name);
  visitor.send(serviceCall(id, 5, encoding, payload));
  const { encoding: answered, payload: data, serviceId, callId } = readServiceResponse(
    await visitor.binary("response"),
  );
  assertEquals([serviceId, callId], [id, 5]);
  return [answered, data];
}

async function failedCall(visitor: Visitor, name: string) {
  const { id } = visitor.advertised("services", name);
  visitor.send(serviceCall(id, 6, "json", "{}"));
  const { serviceId, callId, message } = await visitor.json("serviceCallFailure");
  assertEquals([serviceId, callId], [id, 6]);
  return message;
}

export function serviceRows(on: On): void {
  on("/add adds", async ({ visit }) => {
    const visitor = await visit();
    const { request, response } = visitor.advertised("services", "/add");
    assertEquals([request.encoding, request.schemaEncoding, response.encoding], ["json", "jsonschema", "json"]);
    assertEquals(Object.keys(JSON.parse(request.schema).properties), ["a", "b"]);
    assertEquals(await call(visitor, "/add", "json", '{"a":2,"b":-5.5}'), ["json", '{"sum":-3.5}']);
  });

  on("/echo takes any encoding and gives its payload back with it", async ({ visit }) => {
    const visitor = await visit();
    const { id: _, ...service } = visitor.advertised("services", "/echo");
    assertEquals(service, { name: "/echo", type: "Echo", requestSchema: "", responseSchema: "" });
    for (const [encoding, payload] of [["json", '{ "x": 1 }'], ["json", "{"], ["json", ""], ["cdr", "abc"], ["", ""]]) {
      assertEquals(await call(visitor, "/echo", encoding!, payload!), [encoding, payload]);
    }
  });

  on("/fail fails on purpose", async ({ visit, expectError }) => {
    const visitor = await visit();
    assertEquals(await failedCall(visitor, "/fail"), "Failure on purpose");
    assertEquals(await failedCall(visitor, "/fail"), "Failure on purpose");
    expectError('service "/fail": Error: Failure on purpose');
  });

  on("/slow is answered when its time is up", async ({ visit }) => {
    const visitor = await visit();
    assertEquals(await failedCall(visitor, "/slow"), 'Service "/slow" did not answer within 1000 ms');
  });
}

/** All parameters but `ticks`, as they are on the wire. */
const PARAMETERS = [
  { name: "int", value: 1 },
  { name: "float", value: 1, type: "float64" },
  { name: "string", value: "text" },
  { name: "bool", value: true },
  { name: "bytes", value: "AAECAwQFBgcICQoLDA0ODw==", type: "byte_array" },
  { name: "list", value: [1, 2.5], type: "float64_array" },
  { name: "nested", value: { a: [1, { b: true }] } },
  { name: "read_only", value: "fixed" },
];

interface Values {
  parameters: { name: string; value?: unknown }[];
  id?: string;
}

async function values(visitor: Visitor, id?: string): Promise<Values> {
  return await visitor.json("parameterValues", (message) => message.id === id) as unknown as Values;
}

export function parameterRows(on: On): void {
  on("parameters have a value of each type", async ({ visit }) => {
    const visitor = await visit();
    visitor.send({ op: "getParameters", parameterNames: [], id: "all" });
    const { parameters } = await values(visitor, "all");
    assertEquals(parameters.filter(({ name }) => name !== "ticks"), PARAMETERS);
    assertEquals(parameters.filter(({ name }) => name === "ticks").map(({ value }) => typeof value), ["number"]);
  });

  on("parameters are set, deleted and created, and others hear of it", async ({ visit }) => {
    const [setter, watcher] = [await visit(), await visit()];
    watcher.send({ op: "subscribeParameterUpdates", parameterNames: ["int", "float", "string", "new"] });
    await watcher.raw.settle();
    const wanted = [
      { name: "int", value: 2 },
      { name: "float", value: 3, type: "float64" },
      { name: "string" },
      { name: "new", value: [true] },
    ];
    setter.send({ op: "setParameters", parameters: wanted, id: "set" });
    assertEquals((await values(setter, "set")).parameters, wanted);
    assertEquals((await values(watcher)).parameters, wanted);
  });

  on("read_only is not set, and the reason is said", async ({ visit }) => {
    const visitor = await visit();
    visitor.send({ op: "setParameters", parameters: [{ name: "read_only", value: "other" }], id: "set" });
    const { level, message } = await visitor.json("status", ({ id }) => id === undefined);
    assertEquals(level, 2);
    assertMatch(message as string, /^Parameter read_only was not set: ./);
    assertEquals((await values(visitor, "set")).parameters, [{ name: "read_only", value: "fixed" }]);
  });

  on("ticks grows by one", async ({ visit }) => {
    const visitor = await visit();
    visitor.send({ op: "subscribeParameterUpdates", parameterNames: ["ticks"] });
    const ticks: unknown[] = [];
    while (ticks.length < 3) ticks.push(...(await values(visitor)).parameters.map(({ value }) => value));
    assertEquals(ticks, [0, 1, 2].map((i) => ticks[0] as number + i));
  });
}

export function assetRows(on: On): void {
  const fetch = async (visitor: Visitor, uri: string) => {
    visitor.send({ op: "fetchAsset", uri, requestId: 9 });
    return readAsset(await visitor.binary("asset"));
  };

  on("robot.urdf is a robot, and what there is not is not found", async ({ visit }) => {
    const visitor = await visit();
    const { status, data, requestId } = await fetch(visitor, "package://everything/robot.urdf");
    assertEquals([status, requestId], [0, 9]);
    assertMatch(new TextDecoder().decode(data), /^<\?xml [^]*<robot name="[^]*<\/robot>\s*$/);
    const { status: missing, error } = await fetch(visitor, "package://everything/other");
    assertEquals([missing, error], [1, 'Asset not found: "package://everything/other"']);
  });

  on("huge.bin has 8 MiB, each byte as said, twice", async ({ visit }) => {
    const visitor = await visit();
    for (let i = 0; i < 2; i++) {
      const { status, data } = await fetch(visitor, "package://everything/huge.bin");
      assertEquals([status, data.length], [0, 8 * 1024 * 1024]);
      assertEquals(data.findIndex((byte, index) => byte !== index % 251), -1);
    }
  });
}

export function graphRows(on: On): void {
  on("the connection graph has the server, and clients by their number", async ({ visit }) => {
    const [watcher, other] = [await visit(), await visit()];
    watcher.send({ op: "subscribeConnectionGraph" });
    const { publishedTopics, advertisedServices, subscribedTopics } = await watcher.json("connectionGraphUpdate");
    const topics = ["/counter", "/bytes", "/latched", "/pose", "/burst", "/playback"];
    assertEquals(
      sorted(publishedTopics),
      sorted(topics.map((name) => ({ name, publisherIds: ["server"] }))),
    );
    const services = ["/add", "/echo", "/fail", "/slow"];
    assertEquals(sorted(advertisedServices), sorted(services.map((name) => ({ name, providerIds: ["server"] }))));
    assertEquals(subscribedTopics, []);
    other.subscribe("/counter");
    const subscribed = await watcher.json("connectionGraphUpdate");
    assertEquals(subscribed.subscribedTopics, [{ name: "/counter", subscriberIds: ["client-2"] }]);
    other.send({ op: "advertise", channels: [{ id: 1, topic: "/x", encoding: "json", schemaName: "" }] });
    const published: unknown[] = [];
    while (published.length < 2) {
      published.push(...(await watcher.json("connectionGraphUpdate")).publishedTopics as unknown[]);
    }
    assertEquals(
      sorted(published),
      sorted([{ name: "/x", publisherIds: ["client-2"] }, { name: "/echo/x", publisherIds: ["server"] }]),
    );
    await other.leave();
    const removed: unknown[] = [];
    while (removed.length < 3) {
      const { removedTopics, subscribedTopics } = await watcher.json("connectionGraphUpdate");
      removed.push(...removedTopics as unknown[], ...subscribedTopics as unknown[]);
    }
    assertGreater(removed.length, 2);
    assertEquals(sorted(removed), sorted(["/x", "/echo/x", { name: "/counter", subscriberIds: [] }]));
  });
}

function sorted(list: unknown): unknown[] {
  return (list as unknown[]).toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}
