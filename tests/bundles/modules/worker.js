// The import map of a page does not reach its workers: here it is the path.
import { connect } from "./node_modules/@foxwire/foxwire/client.js";

addEventListener("message", ({ data }) => watch(data), { once: true });

async function watch(robot) {
  const client = await connect(robot);
  const seen = client.publisher({ topic: "/seen", encoding: "json" });
  for await (const { value } of client.subscribe("/counter")) seen.publish({ by: "worker", count: value.count });
}
