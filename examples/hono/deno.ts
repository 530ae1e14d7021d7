/** The Hono app on `Deno.serve`, see app.ts. Hono hands the second argument of the handler on as `env`. */
import process from "node:process";
import { type HandlerInfo, upgrade } from "@foxwire/foxwire/deno";
import { createApp, createRobot } from "./app.ts";

const robot = createRobot();
const app = createApp(robot, (request, env) => upgrade(robot, request, env as HandlerInfo));
const stop = new AbortController();
Deno.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 8765),
  signal: stop.signal,
  onListen: ({ hostname, port }) => console.log(`Listening on http://${hostname}:${port}`),
}, app.fetch);

async function end(): Promise<void> {
  await robot.close(); // viewers are told, and have two seconds to answer
  stop.abort(); // not shutdown(): a peer that vanished during its handshake would keep it for ever
}
process.once("SIGINT", end).once("SIGTERM", end);
