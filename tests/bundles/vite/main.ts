/** Shows a robot's counter and tells the robot what was seen; a worker does the same beside it. */
import { watch } from "./watch.ts";

const robot = new URLSearchParams(location.search).get("robot") ?? "ws://localhost:8765";
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.postMessage(robot);

const output = document.querySelector("output")!;
await watch(robot, "page", (count) => output.value = `${count}`);
