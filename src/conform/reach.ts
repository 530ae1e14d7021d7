/**
 * Reaching a server, and in plain words why it cannot be reached.
 *
 * @module
 */
import { type Subprotocol, SUBPROTOCOLS } from "../protocol/constants.ts";
import { errorMessage, FoxgloveError } from "../util/errors.ts";
import { type Barrier, SILENCE } from "./barrier.ts";
import { Mismatch } from "./mismatch.ts";
import { hasRawSockets } from "./needs.ts";
import type { ConformOptions } from "./options.ts";
import { ACCEPT, type HttpAnswer, RawSocket } from "./raw_socket.ts";
import { type OpenSocket, WebSocketPeer } from "./web_socket_peer.ts";
import { WireLog } from "./wire_log.ts";
import { cut } from "./words.ts";

/** How to reach the server, and how long to wait for it. */
export interface Reach {
  url: string;
  open: OpenSocket;
  answerMs: number;
  caseMs: number;
}

/** Opens a connection that belongs to no case. */
export function openPeer(
  { url, open, answerMs }: Pick<Reach, "url" | "open" | "answerMs">,
  protocol: Subprotocol,
  barrier: Barrier = SILENCE,
): Promise<WebSocketPeer> {
  return WebSocketPeer.open(url, [protocol], open, { answerMs, barrier, number: 1, log: new WireLog() });
}

/**
 * The subprotocols to run with.
 *
 * @throws {FoxgloveError} With code `"connection"`, and why, when the server takes none of them, or not the one that was named.
 */
export async function takenProtocols(
  reach: Reach,
  wanted: ConformOptions["protocols"],
): Promise<readonly Subprotocol[]> {
  const named = wanted !== undefined && wanted !== "all";
  const tried = named ? wanted : SUBPROTOCOLS;
  const taken: Subprotocol[] = [];
  for (const protocol of tried) {
    if (await takes(reach, protocol) || named && await answersWrong(reach, protocol)) taken.push(protocol);
    else if (named) throw await unreachable(reach, [protocol]);
    if (wanted === undefined && taken.length > 0) break;
  }
  if (taken.length > 0) return taken;
  if (await answersWrong(reach, tried[0]!)) return [tried[0]!];
  throw await unreachable(reach, tried);
}

/** Whether a WebSocket opens. */
export async function takes(reach: Reach, protocol: Subprotocol): Promise<boolean> {
  try {
    const peer = await openPeer(reach, protocol);
    await peer.close();
    return peer.protocol === protocol;
  } catch (error) {
    // Anything else is no matter of the server: that there is no WebSocket here, say.
    if (error instanceof Mismatch) return false;
    throw error;
  }
}

/** Whether a server says that it accepts, and says it wrong: cases on raw sockets can tell what is wrong with that. */
export async function answersWrong({ url, answerMs }: Reach, protocol: Subprotocol): Promise<boolean> {
  if (!hasRawSockets()) return false;
  const socket = await RawSocket.connect(url, { answerMs }).catch(() => undefined);
  const answer = await socket?.request({ protocols: [protocol] }).catch(() => undefined);
  socket?.destroy();
  return answer?.status === 101 && !(url.startsWith("wss:") && isRight(answer, [protocol]));
}

function isRight({ headers }: HttpAnswer, protocols: readonly string[]): boolean {
  return headers["sec-websocket-accept"] === ACCEPT && protocols.includes(headers["sec-websocket-protocol"] ?? "");
}

/** Why a server cannot be reached, as an error. */
export async function unreachable({ url, answerMs }: Reach, protocols: readonly Subprotocol[]): Promise<FoxgloveError> {
  const asked = `does it take ${protocols.join(" or ")}?`;
  const cause = hasRawSockets()
    ? await causeOf(url, answerMs, protocols, asked)
    : `is a server running there, and ${asked}`;
  // The words of others may have line ends.
  return new FoxgloveError(`Cannot connect to ${url}: ${cause}`.replaceAll(/\s+/g, " "), { code: "connection" });
}

/** Why no WebSocket opens, and what to do about it. */
async function causeOf(url: string, answerMs: number, protocols: readonly string[], asked: string): Promise<string> {
  let socket: RawSocket | undefined;
  try {
    socket = await RawSocket.connect(url, { answerMs });
  } catch (error) {
    return await causeOfNoSocket(url, answerMs, error);
  }
  try {
    const answer = await socket.request({ protocols: [protocols.join(", ")] });
    return answer.status === 101 ? causeAfter101(url, answer, protocols) : await refusal(socket, answer, asked);
  } catch (error) {
    const came = error instanceof Mismatch ? error.got : errorMessage(error);
    return `it does not answer a handshake (${came}): is it a WebSocket server, and ${asked}`;
  } finally {
    socket.destroy();
  }
}

/** What people can do about errors of the network, by their code. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there (connection refused): start the server, or mend host and port",
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "the name of the host cannot be looked up",
  ETIMEDOUT: "nobody answers there: is a firewall in between, or the host wrong?",
};

async function causeOfNoSocket(url: string, answerMs: number, error: unknown): Promise<string> {
  const known = NETWORK[(error as { code?: string }).code ?? ""];
  if (known !== undefined) return known;
  const plain = url.replace(/^wss:/, "ws:");
  const port = new URL(url).port || "443";
  const isTcp = plain !== url && await RawSocket.connect(withPort(plain, port), { answerMs }).then(
    (socket) => (socket.destroy(), true),
    () => false,
  );
  const why = errorMessage(error).trim();
  return isTcp ? `no TLS is spoken there (${why}): is it ${withPort(plain, port)}?` : why;
}

function withPort(url: string, port: string): string {
  const address = new URL(url);
  address.port = port;
  return address.href;
}

function causeAfter101(url: string, answer: HttpAnswer, protocols: readonly string[]): string {
  if (url.startsWith("wss:") && isRight(answer, protocols)) {
    return "its certificate is not trusted: name the file of the certificate, or of who has signed it, by --ca FILE";
  }
  return `the answer to the handshake names the subprotocol "${answer.headers["sec-websocket-protocol"] ?? ""}"`;
}

/** What the statuses of HTTP mean here. */
function hintOf(status: number, asked: string): string {
  if (status === 401 || status === 403) return "it wants to know who asks: conform() takes a webSocket with headers";
  if (status === 404) return `is the path right, and ${asked}`;
  if (status < 400) return "is this a web server, and the WebSocket server at another port or path?";
  return asked;
}

async function refusal(socket: RawSocket, answer: HttpAnswer, asked: string): Promise<string> {
  const { status, headers } = answer;
  const said = headers["content-length"] === undefined ? "" : (await socket.body(answer)).trim();
  const to = headers.location === undefined ? "" : `, to ${headers.location},`;
  const text = said === "" || said.startsWith("<") ? "" : ` and says "${cut(said)}"`;
  return `it answers HTTP ${status}${to} instead of 101${text}: ${hintOf(status, asked)}`;
}

/** The WebSocket of the runtime. */
export function standardSocket(url: string, protocols: string[]): WebSocket {
  if (typeof WebSocket === "function") return new WebSocket(url, protocols);
  throw new FoxgloveError('This runtime has no WebSocket: pass one as `webSocket`, such as that of "./node"', {
    code: "no_websocket",
  });
}
