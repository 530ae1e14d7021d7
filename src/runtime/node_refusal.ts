/**
 * Why a client socket of `ws` could not be opened: `ws` tells the status of an answer and not what the server has said, and
 * OpenSSL speaks of its source.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import { errorMessage } from "../util/errors.ts";
import { systemClock } from "../util/time.ts";

/** So much of an answer is read, and so much of it is shown: a page of a proxy may be long, and may never end. */
const MAX_BYTES = 1024;
const MAX_SHOWN = 200;
const PATIENCE_MS = 1000;

/** What `connect()` shows without a guess of its own. */
class ExplainedError extends Error {
  readonly isExplained = true;
  /** Of the HTTP answer, where there was one. */
  readonly status: number | undefined;

  constructor(message: string, options: { status?: number; cause?: unknown }) {
    super(message, options);
    this.status = options.status;
  }
}

/** A socket that fails from now on does so with an error that says why, as far as anybody knows. */
export function explainFailures(socket: WebSocket): void {
  const { emit } = socket;
  socket.emit = (type: string | symbol, ...args: unknown[]) =>
    emit.call(socket, type, ...(type === "error" ? [explained(args[0])] : args));
  socket.on("unexpected-response", (_request, response) => {
    readText(response, (text) => {
      const { statusCode: status = 0 } = response;
      socket.emit("error", new ExplainedError(`refused with ${status}${reason(status, text)}`, { status }));
      socket.terminate();
    });
  });
}

function reason(status: number, text: string): string {
  const said = text === "" ? "" : `: ${text}`;
  return status === 404 || status < 300 ? `${said}; is this the path that attach() was given?` : said;
}

function explained(cause: unknown): unknown {
  if (!/wrong.version.number/i.test(errorMessage(cause))) return cause;
  return new ExplainedError("the server does not speak TLS there; is it a ws:// address?", { cause });
}

/** Reads the text of an answer, or as much of it as comes soon; of a page for browsers nothing. */
function readText(response: IncomingMessage, done: (text: string) => void): void {
  const isPage = /html/.test(response.headers["content-type"] ?? "");
  let text = "";
  const finish = () => {
    cancel();
    response.off("data", take).off("end", finish).off("close", finish);
    done(isPage ? "" : text.replace(/\s+/g, " ").trim().slice(0, MAX_SHOWN));
  };
  const take = (chunk: string) => {
    text += chunk;
    if (text.length >= MAX_BYTES) finish();
  };
  const cancel = systemClock.delay(PATIENCE_MS, finish);
  response.setEncoding("utf8").on("error", () => {}).on("data", take).on("end", finish).on("close", finish);
}
