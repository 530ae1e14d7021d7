/**
 * A robot on Cloudflare Workers: one Durable Object, which all viewers are connected to.
 *
 *   npx wrangler dev examples/workers.ts        with the wrangler.jsonc of docs/embedding.md
 *
 * Wrangler says where it listens: open that address, `ws://localhost:8787`, in a viewer.
 */
import { FoxgloveServer } from "@foxwire/foxwire";
import { upgrade } from "@foxwire/foxwire/workers";

/** Where the server lives: what waits in a Worker belongs to one request, in a Durable Object to all of its own. */
export class Robot {
  readonly #server = new FoxgloveServer({ name: "robot" });
  readonly #visits = this.#server.channel<{ visits: number }>("/visits", { encoding: "json", latch: true });
  #count = 0;

  async fetch(request: Request): Promise<Response> {
    const upgraded = await upgrade(this.#server, request);
    if (upgraded !== undefined) return upgraded;
    this.#visits.publish({ visits: ++this.#count });
    return new Response(`Visit ${this.#count}; ${this.#server.clients.size} viewers are told of it\n`);
  }
}

interface Env {
  ROBOT: { getByName(name: string): { fetch(request: Request): Promise<Response> } };
}

export default {
  fetch: (request: Request, env: Env) => env.ROBOT.getByName("robot").fetch(request),
};
