import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { AssetError } from "../../src/client/assets.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import { ConnectionError, FoxgloveError, TimeoutError } from "../../src/util/errors.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { test } from "../support/test.ts";

async function connected() {
  const clock = new ManualClock();
  return { clock, ...await ScriptedServer.connected({ info: { capabilities: ["assets"] }, client: { clock } }) };
}

test("fetchAsset() resolves to the bytes of the asset that was asked for, whatever the order of answers", async () => {
  const { server, client } = await connected();
  const assets = ["package://a", "package://b"].map((uri) => client.fetchAsset(uri));
  const requests = [await server.expect("fetchAsset"), await server.expect("fetchAsset")];
  assertEquals(requests.map(({ uri }) => uri), ["package://a", "package://b"]);
  const [a, b] = requests.map(({ requestId }) => requestId) as [number, number];
  server.send({ op: "fetchAssetResponse", requestId: b, data: new Uint8Array([2]) });
  server.send({ op: "fetchAssetResponse", requestId: b, data: new Uint8Array([9]) });
  server.send({ op: "fetchAssetResponse", requestId: a, data: new Uint8Array() });
  server.send({ op: "fetchAssetResponse", requestId: 77, data: new Uint8Array() });
  assertEquals(await Promise.all(assets), [new Uint8Array(), new Uint8Array([2])]);
  await server.settle(client);
  const { lateMessages, ignoredMessages } = client.stats();
  assertEquals([lateMessages, ignoredMessages], [1, 1]);
  await client.close();
});

test("fetchAsset() rejects with an AssetError that has the server's text", async () => {
  const { server, client } = await connected();
  const fetching = assertRejects(() => client.fetchAsset("package://a"), AssetError);
  const { requestId } = await server.expect("fetchAsset");
  server.send({ op: "fetchAssetResponse", requestId, error: "Not found" });
  const error = await fetching;
  assertEquals([error.code, error.uri, error.reason], ["asset_failed", "package://a", "Not found"]);
  assertEquals(error.message, 'Cannot fetch "package://a": Not found');
  await client.close();
});

test("an asset whose response cannot be read rejects when its id can", async () => {
  const { server, client } = await connected();
  client.on("error", () => {});
  const fetching = client.fetchAsset("package://a").catch((error) => error);
  const { requestId } = await server.expect("fetchAsset");
  // opcode, request id, status 2, no error, no data
  server.send(new Uint8Array([4, requestId, 0, 0, 0, 2, 0, 0, 0, 0]));
  assertInstanceOf(await fetching, ProtocolError);
  await client.close();
});

test("fetchAsset() says at once when the server has no assets", async () => {
  const { server, client } = await ScriptedServer.connected();
  const error = await assertRejects(() => client.fetchAsset("package://a"), FoxgloveError, "assets capability");
  assertEquals([error.code, server.inbox], ["capability", []]);
  await client.close();
});

test("a time limit, an abort and the end of the connection reject fetchAsset()", async () => {
  const { server, client, clock } = await connected();
  const late = assertRejects(
    () => client.fetchAsset("a", { timeoutMs: 50 }),
    TimeoutError,
    'No asset "a" within 50 ms',
  );
  clock.advance(50);
  await late;
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  const aborted = client.fetchAsset("b", { signal: controller.signal }).catch((error) => error);
  controller.abort(reason);
  assertEquals(await aborted, reason);
  const cut = client.fetchAsset("c").catch((error) => error);
  server.transport.terminate();
  assertInstanceOf(await cut, ConnectionError);
  await assertRejects(() => client.fetchAsset("d"), ConnectionError);
  assertEquals(clock.delays, 0);
});
