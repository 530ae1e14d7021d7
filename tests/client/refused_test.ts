import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createServer } from "node:net";
import { connect } from "../../src/client/connect.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { test } from "../support/test.ts";

test("connect() to a port where nobody listens rejects with a helpful text", async () => {
  const url = `ws://127.0.0.1:${await freePort()}`;
  const error = await assertRejects(() => connect(url), ConnectionError);
  assertStringIncludes(error.message, url);
  assertStringIncludes(error.message, "is a server there");
  assertEquals(error.closeCode, 1006);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
