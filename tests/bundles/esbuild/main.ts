/** Shows a robot's counter and tells the robot what was seen. */
import { connect } from "@foxwire/foxwire/client";

const robot = new URLSearchParams(location.search).get("robot") ?? "ws://localhost:8765";
const output = document.querySelector("output")!;
const client = await connect(robot);
const seen = client.publisher<{ by: string; count: number }>({ topic: "/seen", encoding: "json" });
for await (const { value } of client.subscribe<{ count: number }>("/counter")) {
  if (value === undefined) continue;
  output.value = `${value.count}`;
  seen.publish({ by: "page", count: value.count });
}
