/** One file for Node that needs no node_modules. `ws` is CommonJS and asks for Node's own modules by `require`. */
// @ts-ignore Fetched when needed.
import { build } from "esbuild";

await build({
  entryPoints: ["main.ts"],
  bundle: true,
  platform: "node",
  format: "esm",
  outfile: "dist/robot.js",
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
