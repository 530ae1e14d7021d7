import { connect } from "@foxwire/foxwire/client";

/** Reads the counter for as long as there is one. */
export async function watch(robot: string, by: string, show?: (count: number) => void): Promise<void> {
  const client = await connect(robot);
  const seen = client.publisher<{ by: string; count: number }>({ topic: "/seen", encoding: "json" });
  for await (const { value } of client.subscribe<{ count: number }>("/counter")) {
    if (value === undefined) continue;
    show?.(value.count);
    seen.publish({ by, count: value.count });
  }
}
