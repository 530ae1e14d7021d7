import { assertEquals, assertRejects } from "@std/assert";
import { AssetError } from "../../src/client/assets.ts";
import { connect } from "../../src/client/connect.ts";
import { ServiceError } from "../../src/client/services.ts";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import { linkedTransports } from "../../src/transport/linked.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { test } from "../support/test.ts";

/** A server of ours and a client of it. */
async function pair(options: ServerOptions, prepare: (server: FoxgloveServer) => void = () => {}) {
  const server = new FoxgloveServer(options);
  prepare(server);
  const [serverEnd, clientEnd] = linkedTransports();
  server.accept(serverEnd);
  const client = await connect(clientEnd);
  const close = async () => {
    await client.close();
    await server.close();
  };
  return { server, client, close };
}

test("our server: parameters are read, set, refused, deleted and watched", async () => {
  const { server, client, close } = await pair({ name: "robot" }, ({ parameters }) => {
    parameters.declare("gain", {
      value: 1,
      type: "float64",
      validate: ({ value }) => value as number > 0 ? undefined : "it must be positive",
    });
    parameters.set("map", new Uint8Array([1, 2]));
    parameters.set("nan", NaN);
  });
  const statuses: string[] = [];
  client.on("status", ({ message }) => statuses.push(message));
  const updates = client.parameterUpdates();
  const gains = client.parameterUpdates(["gain"]);
  assertEquals([...await client.getParameters()], [["gain", 1], ["map", new Uint8Array([1, 2])], ["nan", NaN]]);
  assertEquals([...await client.setParameters({ gain: 2, map: undefined })], [["gain", 2]]);
  assertEquals(server.parameters.get("map"), undefined);
  assertEquals([...await client.setParameters({ gain: -1 })], [["gain", 2]]);
  assertEquals(statuses, ["Parameter gain was not set: it must be positive"]);
  server.parameters.set("gain", 3);
  assertEquals(
    [(await gains.next()).value, (await gains.next()).value?.value, (await gains.next()).value?.value],
    [{ name: "gain", value: 2, type: "float64" }, 2, 3],
  );
  const seen: unknown[] = [];
  for await (const { name, value } of updates) {
    seen.push([name, value]);
    if (value === 3) break;
  }
  assertEquals(seen, [["gain", 2], ["map", undefined], ["gain", 2], ["gain", 3]]);
  await close();
});

test("our server: the connection graph is watched", async () => {
  const { server, client, close } = await pair({ name: "robot", connectionGraph: true }, (server) => {
    server.channel("/pose", { encoding: "json" });
  });
  const graph = client.connectionGraph();
  await graph.next();
  assertEquals([...graph.publishers.get("/pose") ?? []], ["server"]);
  const camera = server.graph.publish("/image", "camera");
  await graph.next();
  assertEquals([...graph.publishers.get("/image") ?? []], ["camera"]);
  camera[Symbol.dispose]();
  await graph.next();
  assertEquals(graph.publishers.has("/image"), false);
  await close();
});

test("our server: services are called, fail, appear late and go", async () => {
  const { server, client, close } = await pair({ name: "robot" });
  server.on("error", () => {});
  const late = client.callService<number>("/twice", { n: 2 });
  server.service("/twice", { request: { encoding: "json" } }, ({ n }: { n: number }) => 2 * n);
  assertEquals(await late, 4);
  server.service("/raw", {}, (request: Uint8Array) => request.slice(1));
  const bytes = await client.callService("/raw", new Uint8Array([1, 2]), { encoding: "cdr" });
  assertEquals(bytes, new Uint8Array([2]));
  server.service("/fails", {}, () => {
    throw new Error("Motor is hot");
  });
  assertEquals((await assertRejects(() => client.callService("/fails"), ServiceError)).reason, "Motor is hot");
  let entered = () => {};
  const called = new Promise<void>((resolve) => entered = resolve);
  const never = server.service("/never", {}, () => {
    entered();
    return new Promise(() => {});
  });
  const gone = client.callService("/never").catch((error) => error);
  await called;
  never.close();
  assertEquals((await gone) instanceof ServiceError, true);
  server.service("/slow", {}, () => new Promise(() => {}));
  const cut = assertRejects(() => client.callService("/slow"), ConnectionError);
  await close();
  await cut;
});

test("our server: assets are fetched, and refused", async () => {
  const { client, close } = await pair({ name: "robot" }, (server) => {
    server.asset((uri) => uri === "package://a" ? new Uint8Array([1, 2, 3]) : undefined);
  });
  assertEquals(await client.fetchAsset("package://a"), new Uint8Array([1, 2, 3]));
  await assertRejects(() => client.fetchAsset("package://b"), AssetError, "package://b");
  await close();
});
