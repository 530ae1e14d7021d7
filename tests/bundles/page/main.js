/** A page that shows what a robot counts and tells it so, once by itself and once in a worker. */
import { watch } from "./watch.js";

const server = new URLSearchParams(location.search).get("server") ?? "ws://localhost:8765";
new Worker(new URL("./worker.js", import.meta.url), { type: "module" }).postMessage(server);
await watch(server, "page", (count) => document.querySelector("output").value = String(count));
