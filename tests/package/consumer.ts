/** TypeScript of a user who installed the package; compiled, not run. */
import { connect, type FoxgloveClient, linkedTransports } from "@foxwire/foxwire";
import { connect as connectOnly } from "@foxwire/foxwire/client";
import { attach, webSocket } from "@foxwire/foxwire/node";
import { FoxgloveServer, serve } from "@foxwire/foxwire/server";
import { createServer } from "node:http";

interface Pose {
  x: number;
}

export async function robot(): Promise<string> {
  const server = await serve({ name: "robot", port: 0 });
  const pose = server.channel<Pose>("/pose", { encoding: "json" });
  server.on("subscribe", ({ client, channel }) => console.log(client.address, channel.topic));
  pose.publish({ x: 1 }, { logTime: 1n });
  // @ts-expect-error A pose has a number.
  pose.publish({ x: "1" });
  attach(new FoxgloveServer(), createServer());
  return server.url;
}

export async function viewer(url: string): Promise<number> {
  const client: FoxgloveClient = await connect(url, { webSocket, signal: AbortSignal.timeout(1000) });
  for await (const message of client.subscribe<Pose>("/pose")) return message.value?.x ?? 0;
  await client.close();
  return 0;
}

export async function inMemory(): Promise<void> {
  const [serverEnd, clientEnd] = linkedTransports();
  new FoxgloveServer().accept(serverEnd);
  await using client = await connectOnly(clientEnd);
  console.log(client.channels.size);
}
