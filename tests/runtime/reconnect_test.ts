/** Reconnecting, for each way that this runtime has to serve, and without anything between client and server. */
import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
import { serve } from "../../src/runtime/serve.ts";
import { connectTo, next, reconnectSuite } from "../suites/reconnect.ts";
import { bun, insideBunServe, insideDenoServe, insideNodeHttp, nodeHttp } from "../support/listeners.ts";
import { quietPort } from "../support/quiet_port.ts";
import { runtime, test } from "../support/test.ts";

if (runtime === "node" || runtime === "deno") {
  reconnectSuite("serve()", nodeHttp);
  reconnectSuite("node:http", insideNodeHttp());
}
if (runtime === "deno") reconnectSuite("Deno.serve", insideDenoServe);
if (runtime === "bun") {
  reconnectSuite("serve()", bun);
  reconnectSuite("Bun.serve", insideBunServe);
}

if (runtime !== "browser") {
  test("a client finds the server that comes back on the same port", async () => {
    const port = await quietPort();
    const first = await serve({ port });
    const client = await connectTo(port);
    const messages = client.subscribe("/pose");
    const lost = next(client, "state");
    const session = next(client, "session");
    await first.close();
    assertEquals((await lost).status, "reconnecting");

    const second = await serve({ port, name: "second" });
    second.channel("/other", { encoding: "json" });
    const pose = second.channel("/pose", { encoding: "json" });
    second.on("subscribe", () => pose.publish("here again"));
    await session;
    assertEquals((await messages.next()).value?.value, "here again");
    assertEquals(client.serverInfo.name, "second");
    await client.close();
    await second.close();
  });

  test("a client goes on trying while HTTP alone answers, whatever it says", async () => {
    const port = await quietPort();
    const first = await serve({ port });
    const client = await connectTo(port);
    const lost = next(client, "state");
    await first.close();
    await lost;
    const statuses = [401, 503, 200];
    const http = createServer((_request, response) => {
      response.writeHead(statuses.shift() ?? 404, { Connection: "close" }).end("starting");
    });
    http.on("upgrade", (_request, socket) => {
      socket.end(`HTTP/1.1 ${statuses.shift() ?? 404} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
    await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
    while (statuses.length > 0) assertEquals((await next(client, "state")).status, "reconnecting");
    await new Promise((resolve) => http.close(resolve));
    const second = await serve({ port, name: "second" });
    if (client.serverInfo.name !== "second") await next(client, "session");
    assertEquals(client.serverInfo.name, "second");
    await client.close();
    await second.close();
  });
}
