/**
 * A Hono app with a robot in it. It is the same everywhere; how it is served is in the file of each runtime:
 *
 *   deno run -A examples/hono/deno.ts        bun examples/hono/bun.ts        node examples/hono/node.ts
 *   examples/hono/workers.ts for Cloudflare, see docs/embedding.md
 *
 * You see `Listening on http://127.0.0.1:8765`. Open it in a browser, and `ws://127.0.0.1:8765/foxglove` in a viewer. The
 * environment variable PORT says another port. Ctrl-C ends it.
 */
import { FoxgloveServer } from "@foxwire/foxwire";
import { Hono } from "hono";

/** Makes a WebSocket request a client of the robot. `env` is what the runtime gives Hono beside the request. */
export type Upgrade = (request: Request, env: unknown) => Promise<Response | undefined>;

/** A robot that publishes its pose while somebody looks. */
export function createRobot(): FoxgloveServer {
  const robot = new FoxgloveServer({ name: "robot" });
  const pose = robot.channel<{ x: number }>("/pose", { encoding: "json" });
  let timer: ReturnType<typeof setInterval> | undefined;
  let x = 0;
  robot.on("subscribe", () => {
    timer ??= setInterval(() => pose.publish({ x: x++ }), 50);
  });
  robot.on("unsubscribe", () => {
    if (pose.subscribers > 0) return;
    clearInterval(timer);
    timer = undefined;
  });
  return robot;
}

/** The app. On Node `attach()` takes the upgrades before Hono sees them: there `upgrade` is left out. */
export function createApp(robot: FoxgloveServer, upgrade?: Upgrade): Hono {
  const app = new Hono();
  app.get("/", ({ text }) => text(`${robot.clients.size} viewers\n`));
  app.get("/foxglove", async ({ req, env, text }) => {
    return await upgrade?.(req.raw, env) ?? text("Connect with a viewer\n", 426);
  });
  return app;
}
