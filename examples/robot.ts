/**
 * A small robot: a channel, two services, three parameters and an asset, all in one file.
 *
 *   deno run -A examples/robot.ts        (or: bun examples/robot.ts, node examples/robot.ts)
 *
 * You see `Listening on ws://127.0.0.1:8765`. Open it in Foxglove or Lichtblick, or run `robot_client.ts` beside it. A
 * number as argument is another port. Ctrl-C ends it.
 */
import process from "node:process";
import { serve } from "@foxwire/foxwire/server";

const MODES = ["stop", "drive"];
const robot = { mode: "stop", x: 0 };

// `supportedEncodings` tells viewers how to write the requests of services.
const server = await serve({
  name: "robot",
  port: Number(process.argv[2] ?? 8765),
  supportedEncodings: ["json"],
  parameters: { clientsCreate: false }, // nobody adds a fourth one
});

/** JSON messages with these properties. */
function json(name: string, properties: Record<string, { type: string }>) {
  return { encoding: "json", schema: { name, encoding: "jsonschema", data: { type: "object", properties } } };
}

const pose = server.channel<{ x: number }>("/pose", json("robot.Pose", { x: { type: "number" } }));

const mode = json("robot.Mode", { mode: { type: "string" } });
server.service("/set_mode", { request: mode, response: mode }, (request: { mode: string }) => {
  // The caller gets the text of the error.
  if (!MODES.includes(request.mode)) throw new Error(`There is no mode "${request.mode}", only ${MODES.join(", ")}`);
  robot.mode = request.mode;
  return { mode: robot.mode };
});

const empty = json("robot.Empty", {});
server.service("/reset", { request: empty, response: empty }, () => {
  robot.x = 0;
});

server.parameters.declare("max_speed", {
  value: 0.5,
  validate: ({ value }) => Math.abs(value as number) <= 2 ? undefined : "the motors can do 2 m/s",
});
server.parameters.declare("wheels", { value: { count: 4, radius: 0.1 } });
server.parameters.declare("serial", { value: "A-17", readOnly: true });
server.parameters.on("change", ({ name, value }) => console.log(`${name} is now ${JSON.stringify(value)}`));

const urdf = '<robot name="robot"><link name="base"/></robot>\n';
server.asset((uri) => uri === "package://robot/robot.urdf" ? new TextEncoder().encode(urdf) : undefined);

// A handler that throws is reported here too; without a listener with its stack on the console.
server.on("error", ({ error, during }) => console.error(`${during}: ${error}`));

const PERIOD_MS = 50;
const timer = setInterval(() => {
  const speed = server.parameters.get("max_speed") as number; // m/s
  if (robot.mode === "drive") robot.x += speed * PERIOD_MS / 1000;
  pose.publish({ x: robot.x });
}, PERIOD_MS);

async function stop(): Promise<void> {
  clearInterval(timer);
  await server.close();
}
process.once("SIGINT", stop).once("SIGTERM", stop);
console.log(`Listening on ${server.url}`);
