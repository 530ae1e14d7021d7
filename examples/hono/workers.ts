/**
 * The Hono app on Cloudflare Workers, see app.ts. The robot lives in a Durable Object, because what waits in a Worker (a
 * socket, a timer) belongs to one request. docs/embedding.md says how to run it.
 */
import { upgrade } from "@foxwire/foxwire/workers";
import { createApp, createRobot } from "./app.ts";

/** The robot and its app. */
export class Robot {
  readonly #robot = createRobot();
  readonly #app = createApp(this.#robot, (request) => upgrade(this.#robot, request));

  async fetch(request: Request): Promise<Response> {
    return await this.#app.fetch(request);
  }
}

interface Env {
  ROBOT: { getByName(name: string): { fetch(request: Request): Promise<Response> } };
}

export default {
  fetch: (request: Request, env: Env) => env.ROBOT.getByName("robot").fetch(request),
};
