/** A worker has no import map: it names the file. */
// @ts-ignore It is there when the page is served.
import { connect } from "/node_modules/@foxwire/foxwire/client.js";

addEventListener("message", async ({ data: server }) => {
  const client = await connect(server);
  const seen = client.publisher({ topic: "/seen", encoding: "json" });
  for await (const { value } of client.subscribe("/counter")) {
    seen.publish({ where: "worker", count: value.count });
  }
}, { once: true });
