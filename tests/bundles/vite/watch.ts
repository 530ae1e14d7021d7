/** Receives what a robot counts, and answers each count on a topic of its own. */
import { connect } from "@foxwire/foxwire/client";

/** Goes on until the connection is over. */
export async function watch(server: string, where: string, show?: (count: number) => void): Promise<void> {
  const client = await connect(server);
  const seen = client.publisher<{ where: string; count: number }>({ topic: "/seen", encoding: "json" });
  for await (const { value } of client.subscribe<{ count: number }>("/counter")) {
    if (value === undefined) continue;
    show?.(value.count);
    seen.publish({ where, count: value.count });
  }
}
