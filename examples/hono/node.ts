/** The Hono app on @hono/node-server, see app.ts. Upgrades do not come as far as Hono there: `attach()` takes them. */
import process from "node:process";
import { attach } from "@foxwire/foxwire/node";
import { serve } from "@hono/node-server";
import { createApp, createRobot } from "./app.ts";

const robot = createRobot();
const app = createApp(robot);
const options = { fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 8765) };
const http = serve(options, ({ address, port }) => console.log(`Listening on http://${address}:${port}`));
attach(robot, http, { path: "/foxglove" });

async function end(): Promise<void> {
  await robot.close(); // viewers are told, and have two seconds to answer
  http.close(); // and idle connections with it
}
process.once("SIGINT", end).once("SIGTERM", end);
