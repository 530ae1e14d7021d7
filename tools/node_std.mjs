/** `node --import ./tools/node_std.mjs`: maps `@std/…` to the stand-ins, as tsconfig.json does for Bun and esbuild. */
import { registerHooks } from "node:module";

const folder = new URL("./offline_std/", import.meta.url);

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith("@std/")) return next(specifier, context);
    return next(new URL(`${specifier.slice("@std/".length)}.ts`, folder).href, context);
  },
});
