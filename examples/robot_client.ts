/**
 * What a program does with `robot.ts`, which has to run already.
 *
 *   deno run -A examples/robot_client.ts        (or: bun …, node …; another address as argument)
 *
 * You see the parameters, the robot driving for half a metre, what it says to wrong requests, and the size of its URDF.
 */
import process from "node:process";
import { connect, FoxgloveError } from "@foxwire/foxwire/client";

const client = await connect(process.argv[2] ?? "ws://127.0.0.1:8765", { reconnect: false });
client.on("status", ({ level, message }) => console.log(`${level}: ${message}`));

console.log("parameters:", Object.fromEntries(await client.getParameters()));
await client.setParameters({ max_speed: 2 });
const kept = await client.setParameters({ max_speed: 50, serial: "B-1" }); // both are refused
console.log("still:", Object.fromEntries(kept));

await client.callService("/reset");
await client.callService("/set_mode", { mode: "drive" });
for await (const { value } of client.subscribe<{ x: number }>("/pose")) {
  if (value !== undefined && value.x > 0.5) break;
}
console.log("mode:", await client.callService("/set_mode", { mode: "stop" }));

try {
  await client.callService("/set_mode", { mode: "fly" });
} catch (error) {
  if (!(error instanceof FoxgloveError)) throw error;
  console.log(`${error.code}: ${error.message}`);
}

const urdf = await client.fetchAsset("package://robot/robot.urdf");
console.log(`URDF: ${urdf.length} bytes`);
await client.close();
