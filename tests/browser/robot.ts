/** The server that the browser's own `WebSocket` talks to: a counter, and an echo of what clients publish. */
import { serve } from "@foxwire/foxwire/server";

/** Starts it on a free port. */
export async function startRobot(): Promise<{ url: string; close(): Promise<void> }> {
  const server = await serve({ name: "robot", port: 0, clientPublish: true, supportedEncodings: ["json"] });
  const counter = server.channel<{ count: number }>("/counter", {
    encoding: "json",
    schema: { name: "Counter", encoding: "jsonschema", data: { type: "object" } },
  });
  const echo = server.channel<unknown>("/echo", { encoding: "json" });
  let count = 0;
  const timer = setInterval(() => counter.publish({ count: count++ }), 10);
  server.on("message", ({ data }) => echo.publish(JSON.parse(new TextDecoder().decode(data))));
  return {
    url: server.url,
    close() {
      clearInterval(timer);
      return server.close();
    },
  };
}
