import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createServer as createHttpServer } from "node:http";
import { connect } from "../../src/client/connect.ts";
import { WebSocket as NodeWebSocket } from "ws";
import { webSocket } from "../../src/runtime/node.ts";
import { serve } from "../../src/runtime/serve.ts";
import { deferred } from "../../src/util/async.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { TEST_CERTIFICATE } from "../support/certificate.ts";
import { quietPort } from "../support/quiet_port.ts";
import { runtime, test } from "../support/test.ts";

test("connect() to a port where nobody listens rejects with a helpful text", async () => {
  const url = `ws://127.0.0.1:${await quietPort()}`;
  const error = await assertRejects(() => connect(url), ConnectionError);
  assertStringIncludes(error.message, url);
  assertStringIncludes(error.message, "is a server there");
  assertEquals(error.closeCode, 1006);
});

test("connect() to a server that refuses the upgrade says that it may have refused this client", async () => {
  const server = createHttpServer();
  server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
  const error = await assertRejects(() => connect(url), ConnectionError, "did it refuse this client (token, origin");
  assert(!error.message.includes("certificate"));
  const told = await assertRejects(() => connect(url, { webSocket }), ConnectionError, "401");
  assertStringIncludes((told.cause as Error).message, "401");
  if (runtime !== "node") assertStringIncludes(error.message, "401");
  await new Promise((resolve) => server.close(resolve));
});

test("connect() to a server with a certificate that nobody trusts asks about it; ca makes it trusted", async () => {
  const server = await serve({ port: 0, tls: TEST_CERTIFICATE });
  const refused = await assertRejects(() => connect(server.url), ConnectionError, "is its certificate not trusted?");
  assertEquals(refused.closeCode, 1006);
  const { cert: ca } = TEST_CERTIFICATE;
  const client = await connect(server.url, { webSocket: (url, protocols) => webSocket(url, protocols, { ca }) });
  await client.close();
  await server.close();
});

test("a socket of npm ws fits connect() as it is", async () => {
  const server = await serve({ port: 0 });
  const byFactory = await connect(server.url, { webSocket: (url, protocols) => new NodeWebSocket(url, protocols) });
  const byItself = await connect(new NodeWebSocket(server.url, ["foxglove.sdk.v1"]));
  assertEquals([byFactory.state.status, byItself.state.status], ["connected", "connected"]);
  await byFactory.close();
  await byItself.close();
  await server.close();
});

test("webSocket of ./node sends headers", async () => {
  const seen = deferred<string | null>();
  const server = await serve({
    port: 0,
    authorize({ headers }) {
      seen.resolve(headers.get("authorization"));
      return true;
    },
  });
  const headers = { authorization: "Bearer 42" };
  const client = await connect(server.url, { webSocket: (url, protocols) => webSocket(url, protocols, { headers }) });
  assertEquals(await seen.promise, "Bearer 42");
  await client.close();
  await server.close();
});

// Only Node's own WebSocket refuses the ports that fetch() does, and fails before the next turn.
if (runtime === "node") {
  for (const port of [9, 6000]) {
    test(`connect() to port ${port}, which fetch() forbids, fails at once`, async () => {
      const connecting = connect(`ws://127.0.0.1:${port}`, { timeoutMs: Infinity });
      const error = await assertRejects(() => connecting, ConnectionError, "is a server there");
      assertEquals(error.closeCode, 1006);
    });
  }
}
