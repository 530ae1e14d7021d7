/** A server that streams, as a process of its own. Flags: port, milliseconds of idleMs. */
import process from "node:process";
import { serve } from "@foxwire/foxwire/server";

const [port, idleMs] = process.argv.slice(2).map(Number);
const server = await serve({ port: port!, limits: { idleMs: idleMs! }, clientPublish: true });
const count = server.channel("/count", { encoding: "json" });
server.service("/now", {}, () => server.clients.size);
server.on("disconnect", ({ client, reason }) => console.log(`disconnect ${client.id} ${reason}`));
let value = 0;
setInterval(() => count.publish(value++), 5);
console.log(`Listening on ${server.url}`);
