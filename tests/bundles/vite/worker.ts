import { watch } from "./watch.ts";

addEventListener("message", ({ data }: MessageEvent<string>) => watch(data, "worker"), { once: true });
