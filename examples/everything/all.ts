/** Everything at once: options of the server, and what is added to it. */
import type { FoxgloveServer, ServerOptions } from "@foxwire/foxwire/server";
import { addAssets } from "./assets.ts";
import { addChannels } from "./channels.ts";
import { addEcho } from "./echo.ts";
import { addParameters } from "./parameters.ts";
import { addPlayback } from "./playback.ts";
import { addPose } from "./pose.ts";
import { addServices } from "./services.ts";
import { addHello } from "./status.ts";

/** What the server is made with. */
export const OPTIONS = {
  name: "Everything",
  clientPublish: true,
  supportedEncodings: ["json", "protobuf", "ros1", "cdr"],
  connectionGraph: true,
  // Otherwise from the first time on.
  capabilities: ["time"],
} satisfies ServerOptions;

/** Adds what it has, until `signal` aborts. */
export function addEverything(server: FoxgloveServer, signal: AbortSignal): void {
  addHello(server);
  addChannels(server, signal);
  addPose(server, signal);
  addEcho(server);
  addServices(server);
  addParameters(server, signal);
  addAssets(server);
  addPlayback(server, signal);
}
