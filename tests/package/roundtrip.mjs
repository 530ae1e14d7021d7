/** A program of a user who installed the package: a server and a client that talk to each other, then end. */
import { connect } from "@foxwire/foxwire/client";
import { webSocket } from "@foxwire/foxwire/node";
import { serve } from "@foxwire/foxwire/server";

const server = await serve({ name: "robot", port: 0, clientPublish: true });
const pose = server.channel("/pose", { encoding: "json" });
const goals = [];
server.on("message", ({ data }) => goals.push(JSON.parse(new TextDecoder().decode(data))));
server.on("subscribe", () => {
  for (let x = 0; x < 3; x++) pose.publish({ x });
});

// Node 20 has no WebSocket of its own.
const client = await connect(server.url, "WebSocket" in globalThis ? {} : { webSocket });
client.publisher({ topic: "/goal", encoding: "json" }).publish({ x: 7 });
const xs = [];
for await (const { value } of client.subscribe("/pose")) {
  xs.push(value.x);
  if (xs.length === 3) break;
}
await client.close();
await server.close();

const result = JSON.stringify({ xs, goals });
if (result !== '{"xs":[0,1,2],"goals":[{"x":7}]}') throw new Error(`Wrong result: ${result}`);
console.log("ok");
