/** Workers in workerd, by miniflare, on Node: the runtime that it is made for. */
import { fileURLToPath } from "node:url";
import { host } from "./hosts.ts";

/** A worker that listens. */
export interface RunningWorker {
  /** `http://127.0.0.1:…/` */
  readonly url: URL;
  stop(): Promise<void>;
}

/** What a worker is given. */
export interface WorkerOptions {
  /** Binding to class. */
  durableObjects: Record<string, string>;
  compatibilityDate?: string;
  compatibilityFlags?: string[];
}

/** Bundles a module, as wrangler would, and runs it. @param entry Its path below the root. */
export async function startWorker(entry: string, options: WorkerOptions): Promise<RunningWorker> {
  const contents = await bundleWorker(entry);
  const { Miniflare } = host("miniflare");
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    compatibilityDate: "2026-04-20",
    modules: [{ type: "ESModule", path: "worker.mjs", contents }],
    ...options,
  });
  return { url: await miniflare.ready, stop: () => miniflare.dispose() };
}

const ROOT = new URL("../../", import.meta.url);

async function bundleWorker(entry: string): Promise<string> {
  const { outputFiles } = await host("esbuild").build({
    entryPoints: [fileURLToPath(new URL(entry, ROOT))],
    absWorkingDir: fileURLToPath(ROOT),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*", "ws"],
    // A worker of a user has none unless it asks for Node's modules, as the tests do.
    banner: { js: "globalThis.setImmediate = undefined;" },
  });
  return outputFiles[0].text;
}
