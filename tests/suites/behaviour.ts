/** What the server does on every input, row by row of `docs/behaviour.md`, on real sockets and for each adapter. */
import type { Listen } from "../support/listeners.ts";
import { answerRows } from "./behaviour/answers.ts";
import { assetRows } from "./behaviour/assets.ts";
import { callbackRows } from "./behaviour/callbacks.ts";
import { channelRows } from "./behaviour/channels.ts";
import { clientPublishRows } from "./behaviour/client_publish.ts";
import { connectionRows } from "./behaviour/connection.ts";
import { endingRows } from "./behaviour/ending.ts";
import { graphRows } from "./behaviour/graph.ts";
import { harmRows } from "./behaviour/harm.ts";
import { invalidRows } from "./behaviour/invalid.ts";
import { limitBytesRows } from "./behaviour/limits_bytes.ts";
import { limitRows } from "./behaviour/limits.ts";
import { slowLimitRows } from "./behaviour/limits_slow.ts";
import { orderRows } from "./behaviour/ordering.ts";
import { parameterRows } from "./behaviour/parameters.ts";
import { permissionRows } from "./behaviour/permissions.ts";
import { playbackRows } from "./behaviour/playback.ts";
import { onAdapter } from "./behaviour/scene.ts";
import { serviceRows } from "./behaviour/services.ts";
import type { ServerTraits } from "./server.ts";

/** Declares the tests. `tests/runtime/behaviour_test.ts` does so for each way to serve. */
export function behaviourSuite(name: string, listen: Listen, traits: ServerTraits): void {
  const on = onAdapter(name, listen, traits);
  connectionRows(on);
  endingRows(on);
  channelRows(on);
  clientPublishRows(on);
  parameterRows(on);
  serviceRows(on);
  assetRows(on);
  graphRows(on);
  playbackRows(on);
  invalidRows(on);
  harmRows(on);
  limitRows(on);
  limitBytesRows(on);
  slowLimitRows(on);
  orderRows(on);
  answerRows(on);
  callbackRows(on);
  permissionRows(on);
}
