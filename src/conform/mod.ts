/**
 * Conformance of servers, and of clients, in any language: cases that say their rule, where it comes from, what was
 * expected and what came. As a command:
 *
 * ```sh
 * deno run --allow-net jsr:@foxwire/foxwire/conform ws://localhost:8765
 * ```
 *
 * @module
 */
export type { Authority, ConformRule, Level, Source } from "./case.ts";
export { SERVER_RULES } from "./cases.ts";
export type { Driver, DriverSink, StartDriver } from "./client/driver.ts";
export type { ClientConformOptions, ClientConformPlan, ClientConformReport } from "./client/options.ts";
export { CLIENT_RULES, conformClient } from "./client/runner.ts";
export {
  CONFORM_DEFAULTS,
  type ConformOptions,
  type ConformPlan,
  type ConformReport,
  type ConformResult,
} from "./options.ts";
export { conforms, type Count, countByLevel, summaryLines, tapLines } from "./report.ts";
export { conform } from "./run.ts";
export type { OpenSocket } from "./web_socket_peer.ts";

if (import.meta.main) await (await import("./main.ts")).main();
