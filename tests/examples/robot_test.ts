import { assertEquals } from "@std/assert";
import { ExampleProcess } from "../support/example_process.ts";
import { test } from "../support/test.ts";

test("the small robot does what its client asks for, refuses the rest with a reason, and ends at Ctrl-C", async () => {
  const robot = new ExampleProcess("robot.ts", ["0"]);
  const [, url = ""] = await robot.printed(/^Listening on (ws:\S+)\n/);
  const client = new ExampleProcess("robot_client.ts", [url]);
  const code = await client.exit();
  robot.signal("SIGINT");
  assertEquals(await robot.exit(), 0, robot.errors);
  assertEquals(code, 0, client.errors);
  // Runtimes differ in how they print an object.
  assertEquals(client.lines.map((line) => line.replace(/\{.*/, "{…}")).filter((line) => /^\w/.test(line)), [
    "parameters: {…}",
    "error: Parameter max_speed was not set: the motors can do 2 m/s",
    "error: Parameter serial was not set: it is read-only",
    "still: {…}",
    "mode: {…}",
    'service_failed: Service "/set_mode" failed: There is no mode "fly", only stop, drive',
    "URDF: 48 bytes",
  ]);
  assertEquals(robot.lines.slice(1), ["max_speed is now 2"]);
  assertEquals(robot.errors, 'service "/set_mode": Error: There is no mode "fly", only stop, drive\n');
});
