/** A page that shows what a robot counts and tells it so, once by itself and once in a worker. */
/// <reference lib="dom" />
import { watch } from "./watch.ts";

const server = new URLSearchParams(location.search).get("server") ?? "ws://localhost:8765";
new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }).postMessage(server);

const output = document.querySelector("output")!;
await watch(server, "page", (count) => output.value = String(count));
