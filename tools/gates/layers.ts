/** Who may import whom: docs/architecture.md's table, enforced. */
import { filesBelow } from "../support/repo.ts";
import { codeOnly, type Import, importsOf, lineAt, withoutComments } from "./source.ts";
import type { Verdict } from "./verdict.ts";

/** What the files of one place may use. Everything may import from its own place. */
interface Layer {
  /** A folder with a slash at its end, or a file. */
  readonly place: string;
  /** Places whose values and types may be imported. */
  readonly imports: readonly string[];
  /** Places of which only types may be imported. */
  readonly types?: readonly string[];
  /** Modules from outside this repository; one with a colon or a slash at its end stands for all it begins. */
  readonly modules?: readonly string[];
  /** Whether `node:` and `bun:` modules and the globals of one runtime are at home here. */
  readonly runtimes?: boolean;
}

const PORTABLE = ["src/util/", "src/protocol/", "src/transport/", "src/flow/"];
const DOOR_IMPORTS = [...PORTABLE, "src/server/", "src/client/", "src/runtime/"];
const SELF = "@foxwire/foxwire";

/** The first row whose place a file is in holds. */
const LAYERS: readonly Layer[] = [
  { place: "src/util/", imports: [] },
  { place: "src/protocol/", imports: ["src/util/"] },
  { place: "src/transport/", imports: ["src/util/"] },
  // The contract, with what can be said of a message without a socket.
  { place: "src/flow/", imports: ["src/util/", "src/transport/transport.ts"] },
  { place: "src/server/", imports: PORTABLE },
  { place: "src/client/", imports: PORTABLE },
  {
    place: "src/runtime/serve.ts",
    imports: ["src/util/", "src/transport/", "src/server/", "src/runtime/"],
    runtimes: true,
  },
  {
    place: "src/runtime/",
    // Nothing that brings the server with it: an adapter is loaded beside it.
    imports: [
      "src/util/",
      "src/transport/",
      "src/protocol/describe.ts",
      "src/server/checks.ts",
      "src/server/handshake.ts",
    ],
    types: ["src/protocol/", "src/server/", "src/client/"],
    modules: ["ws"],
    runtimes: true,
  },
  {
    place: "src/conform/main.ts",
    imports: ["src/util/", "src/protocol/", "src/conform/", "src/runtime/node.ts"],
    runtimes: true,
  },
  {
    place: "src/conform/",
    imports: [
      "src/util/",
      "src/protocol/",
      // Loaded by need: sockets of bytes and child processes, which browsers have not got.
      "src/runtime/tcp.ts",
      "src/runtime/tcp_listener.ts",
      "src/runtime/line_process.ts",
    ],
  },
  { place: "mod.ts", imports: [...DOOR_IMPORTS, "client.ts"] },
  { place: "server.ts", imports: DOOR_IMPORTS },
  { place: "client.ts", imports: DOOR_IMPORTS },
  {
    place: "examples/",
    imports: [],
    modules: [SELF, `${SELF}/`, "@bufbuild/protobuf", "@bufbuild/protobuf/", "hono", "@hono/node-server"],
    runtimes: true,
  },
  { place: "bench/", imports: ["tools/"], modules: [SELF, `${SELF}/`, "@std/", "@foxglove/", "ws"], runtimes: true },
];

const DOOR = /^[^/]+\.ts$/;
const GLOBALS = "Deno|Bun|process|Buffer|setImmediate|clearImmediate|require|__dirname|__filename";
const GLOBAL = new RegExp(String.raw`(?<![.\w$#])(?:globalThis\s*\.\s*)?(${GLOBALS})\b(?!\s*\??:)`, "g");
const RE_EXPORT = /export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s*"[^"]*";/g;

/** The gate. */
export async function layers(): Promise<Verdict> {
  const files = await filesBelow(".", /^\.\/(?:[^/]+|(?:src|examples|bench)\/.*)\.ts$/);
  const problems = await Promise.all(files.map(async (file) => {
    const path = file.slice("./".length);
    return checkLayers(path, await Deno.readTextFile(path));
  }));
  return { problems: problems.flat(), note: `${files.length} files` };
}

/** What one file does that its layer may not, as `path:line: what`. */
export function checkLayers(path: string, text: string): string[] {
  const layer = LAYERS.find(({ place }) => isIn(path, place));
  if (layer === undefined) return [`${path}:1: no layer is named for this place: add it to tools/gates/layers.ts`];
  return [
    ...importsOf(text).flatMap((entry) => checkImport(path, layer, entry)),
    ...(layer.runtimes ? [] : checkGlobals(path, text)),
    ...(DOOR.test(path) ? checkDoor(path, text) : []),
  ];
}

function checkImport(path: string, layer: Layer, { specifier, typeOnly, line }: Import): string[] {
  if (!specifier.startsWith(".")) {
    return mayUseModule(layer, specifier) ? [] : [`${path}:${line}: may not import "${specifier}"`];
  }
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  const isAmong = (places: readonly string[] = []) => places.some((place) => isIn(target, place));
  if (isAmong([layer.place, ...layer.imports]) || typeOnly && isAmong(layer.types)) return [];
  const what = isAmong(layer.types) ? `values of ${target}, only types` : target;
  return [`${path}:${line}: ${layer.place} may not import ${what}`];
}

function mayUseModule({ modules = [], runtimes = false }: Layer, specifier: string): boolean {
  if (/^(node|bun):/.test(specifier)) return runtimes;
  return modules.some((module) => isIn(specifier, module));
}

function isIn(path: string, place: string): boolean {
  return place.endsWith("/") ? path.startsWith(place) : path === place;
}

function checkGlobals(path: string, text: string): string[] {
  const found = [...codeOnly(text).matchAll(GLOBAL)];
  return found.map(({ index, 1: name }) => `${path}:${lineAt(text, index)}: may not use the runtime global "${name}"`);
}

function checkDoor(path: string, text: string): string[] {
  const code = withoutComments(text);
  const rest = code.replace(RE_EXPORT, (statement) => statement.replace(/[^\n]/g, " "));
  const index = rest.search(/\S/);
  return index < 0 ? [] : [`${path}:${lineAt(rest, index)}: a door holds nothing but re-exports`];
}
