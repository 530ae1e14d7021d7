/** Each new client is shown the status `hello` (level info, id `hello`), and no more after five seconds. */
import type { FoxgloveServer, ServerClient } from "@foxwire/foxwire/server";

const SHOWN_MS = 5_000;

export function addHello(server: FoxgloveServer): void {
  const timers = new Map<ServerClient, ReturnType<typeof setTimeout>>();
  server.on("connect", ({ client }) => {
    client.status("info", "hello", { id: "hello" });
    timers.set(client, setTimeout(() => client.removeStatus("hello"), SHOWN_MS));
  });
  server.on("disconnect", ({ client }) => {
    clearTimeout(timers.get(client));
    timers.delete(client);
  });
}
