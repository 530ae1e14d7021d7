/** The reference server as a black box: started as users start it, and looked at through its socket alone. */
import { assertEquals, assertMatch } from "@std/assert";
import { connect } from "@foxwire/foxwire/client";
import { serve } from "@foxwire/foxwire/server";
import { ExampleProcess } from "../support/example_process.ts";
import { otherRuntimes } from "../support/other_runtimes.ts";
import { test } from "../support/test.ts";
import { clientSuite } from "../suites/everything/client.ts";
import { npmClientSuite } from "../suites/everything/npm_client.ts";
import { onServer } from "../suites/everything/scene.ts";
import { greetingRows, wireSuite } from "../suites/everything/wire.ts";

wireSuite(onServer("everything, on the wire"));
clientSuite(onServer("everything, for our client"));
npmClientSuite(onServer("everything, for the npm client"));
for (const [name, command] of otherRuntimes()) greetingRows(onServer(`everything, on ${name}`, command));

/** How it ends that cannot begin. */
async function refusal(...flags: string[]) {
  const server = new ExampleProcess("everything.ts", flags);
  return { code: await server.exit(), output: server.output, errors: server.errors };
}

test("everything: a bad flag is one sentence and exit code 2", async () => {
  for (const flags of [["--prot", "0"], ["--port", "65536"], ["--port"], ["--host", "--port", "0"], ["0"]]) {
    const { code, output, errors } = await refusal(...flags);
    assertEquals([code, output], [2, ""], errors);
    assertMatch(errors, /^[^\n]+\n$/);
    assertEquals(errors.includes(flags[0]!), true, errors);
  }
});

test("everything: a port in use is one sentence and exit code 1", async () => {
  const other = await serve({ port: 0 });
  const { code, output, errors } = await refusal("--port", String(other.port));
  await other.close();
  assertEquals([code, output], [1, ""]);
  assertMatch(errors, /^[^\n]+ port is in use[^\n]*\n$/);
});

test("everything: --host binds elsewhere, and SIGINT ends it while clients are there", async () => {
  const server = new ExampleProcess("everything.ts", ["--port", "0", "--host", "localhost"]);
  const [, url = ""] = await server.printed(/^Listening on (ws:\/\/\S+:\d+)\n/);
  const client = await connect(url, { reconnect: false });
  const subscription = client.subscribe("/burst");
  await subscription.next();
  server.signal("SIGINT");
  assertEquals(await server.exit(), 0, server.errors);
  assertEquals((await client.closed).code, 1001);
  assertEquals(server.lines.length, 1);
});
