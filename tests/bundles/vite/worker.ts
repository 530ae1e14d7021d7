/** The same off the page's own thread. */
import { watch } from "./watch.ts";

addEventListener("message", ({ data }: MessageEvent<string>) => watch(data, "worker"), { once: true });
