/** The Hono app on `Bun.serve`, see app.ts. Hono hands the second argument of `fetch` on as `env`. */
import process from "node:process";
import { type BunServer, upgrade, websocket } from "@foxwire/foxwire/bun";
import { createApp, createRobot } from "./app.ts";

// deno-lint-ignore no-explicit-any -- with Bun's types installed this line is not needed
declare const Bun: any;

const robot = createRobot();
const app = createApp(robot, (request, env) => upgrade(robot, request, env as BunServer));
const http = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 8765),
  fetch: app.fetch,
  websocket: websocket(robot),
});
console.log(`Listening on http://${http.hostname}:${http.port}`);

async function end(): Promise<void> {
  await robot.close(); // viewers are told, and have two seconds to answer
  await http.stop();
}
process.once("SIGINT", end).once("SIGTERM", end);
