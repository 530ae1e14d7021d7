/** `serve({ tls })` on whichever runtime this is. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async";
import { generateKeyPairSync } from "node:crypto";
import { serve, type ServeOptions } from "../../src/runtime/serve.ts";
import { FoxgloveError } from "../../src/util/errors.ts";
import { TEST_CERTIFICATE } from "../support/certificate.ts";
import { clientFrame, OPCODES, RawSocket } from "../support/raw_socket.ts";
import { test } from "../support/test.ts";
import { nextEvent } from "../support/wire_client.ts";

const { cert, key } = TEST_CERTIFICATE;

const secure = (options: ServeOptions = {}) => serve({ port: 0, tls: TEST_CERTIFICATE, ...options });

async function open(port: number): Promise<RawSocket> {
  const socket = await RawSocket.connectTls(port, cert);
  const { status } = await socket.request({ protocols: ["foxglove.sdk.v1"] });
  assertEquals(status, 101);
  return socket;
}

test("serve() with tls: the address is wss, and a client that trusts the certificate is greeted", async () => {
  const server = await secure({ name: "robot" });
  assertEquals(server.url, `wss://127.0.0.1:${server.port}`);
  const connected = nextEvent(server, "connect");
  const peer = await open(server.port);
  assertStringIncludes(new TextDecoder().decode((await peer.readFrame()).payload), `"name":"robot"`);
  assertEquals((await connected).client.address, "127.0.0.1");
  const closed = server.close();
  assertEquals((await peer.readClose()).code, 1001);
  await peer.destroy();
  await closed;
});

test("serve() with tls: large messages go both ways whole", async () => {
  const server = await secure({ clientPublish: true });
  const channel = server.channel("/t", { encoding: "raw" });
  const peer = await open(server.port);
  for (const _greeting of ["serverInfo", "advertise"]) await peer.readFrame();
  const subscribed = nextEvent(server, "subscribe");
  peer.subscribe(1, channel.id);
  await subscribed;
  const payload = new Uint8Array(1 << 20).map((_, i) => i * 7);
  channel.publish(payload);
  channel.publish(payload.subarray(0, 1000));
  for (const length of [payload.length, 1000]) {
    const frame = await peer.readFrame();
    assertEquals(frame.payload.length, 13 + length);
    assert(frame.payload.subarray(13).every((byte, i) => byte === payload[i]));
  }
  const advertised = nextEvent(server, "advertise");
  const up = { id: 1, topic: "/up", encoding: "raw", schemaName: "" };
  peer.send(clientFrame(OPCODES.text, JSON.stringify({ op: "advertise", channels: [up] })));
  await advertised;
  const message = nextEvent(server, "message");
  peer.send(clientFrame(OPCODES.binary, new Uint8Array([1, 1, 0, 0, 0, ...payload.subarray(0, 100_000)])));
  assertEquals((await message).data.length, 100_000);
  await peer.destroy();
  await server.close();
});

test("serve() with tls: nobody without TLS is served, and refusals go out as they do without", async () => {
  const server = await secure({ authorize: () => false });
  const errors: unknown[] = [];
  server.on("error", ({ error }) => errors.push(error));
  const plain = await RawSocket.connect(server.port);
  const answer = await plain.request({ protocols: ["foxglove.sdk.v1"] }).catch(() => undefined);
  assert(answer === undefined || answer.status === 400, `${answer?.status}`);
  const refused = await RawSocket.connectTls(server.port, cert);
  const { status, body } = await refused.request({ protocols: ["foxglove.sdk.v1"] });
  assertEquals([status, body], [403, "Not authorized\n"]);
  for (const peer of [plain, refused]) await peer.destroy();
  assertEquals([server.clients.size, errors], [0, []]);
  await server.close();
});

test("serve() with tls: close() waits for nobody who has not finished the TLS handshake", async () => {
  const server = await secure();
  const silent = await RawSocket.connect(server.port);
  const half = await RawSocket.connect(server.port);
  half.write(new Uint8Array([0x16, 0x03, 0x01]));
  const idle = await RawSocket.connectTls(server.port, cert);
  await deadline(server.close(), 5_000);
  for (const peer of [silent, half, idle]) await peer.destroy();
});

const other = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({
  type: "pkcs8",
  format: "pem",
}) as string;

for (
  const [what, tls, message] of [
    ["a file name as certificate", { cert: "./cert.pem", key }, "the certificate is not the text of a PEM file"],
    [
      "a broken certificate",
      { cert: cert.replace("MII", "AAA"), key },
      "the certificate is not the text of a PEM file",
    ],
    ["a file name as key", { cert, key: "./key.pem" }, "the key is not the text of a PEM file"],
    ["the key of another certificate", { cert, key: other }, "the key does not belong to the certificate"],
  ] as const
) {
  test(`serve() with tls refuses ${what}`, async () => {
    const error = await assertRejects(() => secure({ tls }), FoxgloveError);
    assertEquals(error.code, "tls");
    assertStringIncludes(error.message, `Cannot use tls: ${message}`);
  });
}
