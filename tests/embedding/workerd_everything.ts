/** The reference server in a Durable Object, one for each path; and a server for each request, at `/alone`. */
import { FoxgloveServer } from "@foxwire/foxwire";
import { upgrade } from "@foxwire/foxwire/workers";
import { addEverything, OPTIONS } from "../../examples/everything/all.ts";

/** Where it lives. */
export class Everything {
  readonly #server = new FoxgloveServer(OPTIONS);

  constructor() {
    addEverything(this.#server, new AbortController().signal);
    // A service that fails is among what it has.
    this.#server.on("error", () => {});
  }

  async fetch(request: Request): Promise<Response> {
    return await upgrade(this.#server, request) ?? new Response("Everything\n");
  }
}

async function alone(request: Request): Promise<Response> {
  const server = new FoxgloveServer({ name: "alone" });
  const pose = server.channel("/pose", { encoding: "json" });
  server.on("subscribe", ({ client }) => void setTimeout(() => pose.publish({ x: 1, who: client.identity }), 1));
  return await upgrade(server, request, { identity: "guest" }) ?? new Response("Alone\n");
}

/** What workerd says to a server at the top of a module. */
const atTop = (() => {
  try {
    return String(new FoxgloveServer());
  } catch (error) {
    return String(error);
  }
})();

interface Env {
  EVERYTHING: { getByName(name: string): { fetch(request: Request): Promise<Response> } };
}

export default {
  fetch(request: Request, { EVERYTHING }: Env): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/top") return new Response(atTop);
    return pathname === "/alone" ? alone(request) : EVERYTHING.getByName(pathname).fetch(request);
  },
};
