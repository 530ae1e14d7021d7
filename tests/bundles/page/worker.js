/** The same off the page's own thread. */
import { watch } from "./watch.js";

addEventListener("message", ({ data: server }) => watch(server, "worker"), { once: true });
