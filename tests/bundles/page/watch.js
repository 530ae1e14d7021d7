/** Receives what a robot counts, and answers each count on a topic of its own. */
import { connect } from "@foxwire/foxwire"; // The door to everything: what is not used must not get into a bundle.

/** Goes on until the connection is over. */
export async function watch(server, where, show) {
  const client = await connect(server);
  const seen = client.publisher({ topic: "/seen", encoding: "json" });
  for await (const { value } of client.subscribe("/counter")) {
    show?.(value.count);
    seen.publish({ where, count: value.count });
  }
}
