/** The programs of docs/embedding.md and examples/hono: what they serve, and how SIGTERM ends them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { rmSync } from "node:fs";
import process from "node:process";
import { documentedProgram } from "../support/documented_program.ts";
import { ExampleProcess } from "../support/example_process.ts";
import { hostTest } from "../support/hosts.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { runtime, test } from "../support/test.ts";
import { startWorker } from "../support/workerd.ts";

// The programs, which are our children, take any.
process.env.PORT = "0";

/** A viewer on the path of the documents, greeted; other requests are the application's. */
async function visit(port: number): Promise<RawSocket> {
  const plain = await fetch(`http://127.0.0.1:${port}/`);
  assertEquals([plain.status, (await plain.text()).length > 0], [200, true]);
  const viewer = await RawSocket.connect(port);
  const { status } = await viewer.request({ path: "/foxglove", protocols: ["foxglove.sdk.v1"] });
  assertEquals(status, 101);
  assertStringIncludes(new TextDecoder().decode((await viewer.readFrame()).payload), '"name":"robot"');
  return viewer;
}

/** Nobody can break off a SIGTERM: it ends in order with a viewer that answers, and with one that does not. */
async function play(program: ExampleProcess): Promise<void> {
  try {
    const [, port] = await program.printed(/^Listening on \w+:\/\/127\.0\.0\.1:(\d+)/);
    const viewers = [await visit(Number(port)), await visit(Number(port))];
    program.signal("SIGTERM");
    const [polite, silent] = viewers;
    assertEquals(await polite!.readClose(), { code: 1001, reason: "Server is closing" });
    await polite!.destroy();
    assertEquals([await program.exit(), program.errors], [0, ""]);
    await silent!.destroy();
  } finally {
    program.signal("SIGKILL");
    await program.exit();
  }
}

/** Who has logged in with the app comes in, until they log out; nobody else does. */
async function playSession(program: ExampleProcess): Promise<void> {
  try {
    const [, port] = await program.printed(/^Listening on ws:\/\/127\.0\.0\.1:(\d+)/);
    const app = `http://127.0.0.1:${port}`;
    const login = await fetch(`${app}/login`, { method: "POST" });
    assertEquals(await login.text(), "Welcome\n");
    const headers = { Cookie: login.headers.get("set-cookie")!.split(";")[0] };
    const request = { path: "/foxglove", protocols: ["foxglove.sdk.v1"] };
    const stranger = await RawSocket.connect(Number(port));
    const { status, body } = await stranger.request(request);
    assertEquals([status, body], [401, "Log in first\n"]);
    await stranger.destroy();
    const viewer = await RawSocket.connect(Number(port));
    assertEquals((await viewer.request({ ...request, headers })).status, 101);
    const logout = await fetch(`${app}/logout`, { method: "POST", headers: headers as Record<string, string> });
    assertEquals(await logout.text(), "Bye\n");
    assertEquals(await viewer.readClose(), { code: 1008, reason: "Logged out" });
    await viewer.destroy();
    program.signal("SIGTERM");
    assertEquals([await program.exit(), program.errors], [0, ""]);
  } finally {
    program.signal("SIGKILL");
    await program.exit();
  }
}

function documented(name: string, declare: typeof test, playIt = play): void {
  declare(`${name} of docs/embedding.md serves, and ends in order`, async () => {
    const file = documentedProgram(name);
    try {
      await playIt(new ExampleProcess(file, []));
    } finally {
      rmSync(file);
    }
  });
}

function worker(what: string, entry: () => string): void {
  hostTest(`${what} serves in workerd`, async () => {
    const { url, stop } = await startWorker(entry(), { durableObjects: { ROBOT: "Robot" } });
    try {
      const viewer = await visit(Number(url.port));
      await viewer.destroy();
    } finally {
      await stop();
    }
  });
}

if (runtime === "node" || runtime === "bun") {
  documented("express.mjs", hostTest);
  documented("fastify.mjs", hostTest);
  documented("session.mjs", hostTest, playSession);
}
if (runtime === "node" || runtime === "bun" || runtime === "deno") {
  documented("ws.mjs", test);
  documented("accept.mjs", test);
  test(`examples/hono/${runtime}.ts serves, and ends in order`, async () => {
    await play(new ExampleProcess(`hono/${runtime}.ts`, []));
  });
}
if (runtime === "bun" || runtime === "deno") documented(`${runtime}.ts`, test);
if (runtime === "bun") documented("hono_bun.ts", test);
if (runtime === "node") documented("hono_node.mjs", test);
if (runtime === "node") {
  worker("worker.js of docs/embedding.md", () => documentedProgram("worker.js").pathname);
  worker("examples/hono/workers.ts", () => "examples/hono/workers.ts");
  worker("examples/workers.ts", () => "examples/workers.ts");
}
