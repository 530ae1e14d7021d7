/**
 * The request by which a client asks for a WebSocket, read by hand.
 *
 * @module
 */
import type { Observations } from "./rules.ts";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The request of a client. */
export interface UpgradeRequest {
  /** Its first line. */
  line: string;
  path: string;
  /** Values by name in lower case, in the order of their lines. */
  headers: ReadonlyMap<string, string[]>;
  /** The subprotocols that it offers, best first. */
  offered: string[];
  /** What `Sec-WebSocket-Accept` has to be. */
  accept: string;
}

/** Reads the head of a request. */
export async function readUpgrade(head: string): Promise<UpgradeRequest> {
  const [line = "", ...lines] = head.trimEnd().split("\r\n");
  const headers = new Map<string, string[]>();
  for (const header of lines) {
    const colon = header.indexOf(":");
    const name = header.slice(0, colon).toLowerCase();
    headers.set(name, [...headers.get(name) ?? [], header.slice(colon + 1).trim()]);
  }
  const accept = await acceptOf(headers.get("sec-websocket-key")?.[0] ?? "");
  const offered = tokens(headers, "sec-websocket-protocol");
  return { line, path: line.split(" ")[1] ?? "", headers, offered, accept };
}

async function acceptOf(key: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + MAGIC));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

function tokens(headers: ReadonlyMap<string, string[]>, name: string): string[] {
  return (headers.get(name) ?? []).flatMap((value) => value.split(",")).map((token) => token.trim());
}

/** Looks at a request. @param keys Those of all connections before. */
export function checkUpgrade({ line, headers }: UpgradeRequest, keys: Set<string>, seen: Observations): void {
  const key = headers.get("sec-websocket-key")?.join() ?? "";
  const has = (name: string, value: string) => tokens(headers, name).some((token) => token.toLowerCase() === value);
  const problem = !/^GET \S+ HTTP\/1\.1$/.test(line)
    ? `the first line ${line}`
    : !headers.has("host")
    ? "no Host"
    : !has("upgrade", "websocket")
    ? `Upgrade: ${headers.get("upgrade")?.join()}`
    : !has("connection", "upgrade")
    ? `Connection: ${headers.get("connection")?.join()}`
    : !has("sec-websocket-version", "13")
    ? `Sec-WebSocket-Version: ${headers.get("sec-websocket-version")?.join()}`
    : !/^[A-Za-z0-9+/]{22}==$/.test(key)
    ? `Sec-WebSocket-Key: ${key}`
    : undefined;
  seen.look("sent/request", problem);
  if (keys.size > 0) seen.look("sent/new-key", keys.has(key) ? `the key ${key} again` : undefined);
  keys.add(key);
}

/** What the answer to an upgrade may say otherwise than usual. */
export interface Acceptance {
  /** `undefined`: no header at all. */
  protocol: string | undefined;
  /** `Sec-WebSocket-Accept`. */
  accept: string;
}

/** The answer that opens a connection. */
export function acceptance({ protocol, accept }: Acceptance): Uint8Array {
  const chosen = protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  return new TextEncoder().encode(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n${chosen}\r\n`,
  );
}
