/** A WebSocket server made of bytes, on node:net: it answers whatever a test says, right or wrong. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { FRAMES as OPCODES, serverFrame } from "../../src/conform/frames.ts";
import { TcpListener } from "../../src/runtime/tcp_listener.ts";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The request of a client that wants a WebSocket. */
export interface UpgradeOf {
  socket: Socket;
  /** What `Sec-WebSocket-Accept` has to be. */
  accept: string;
  /** What was offered, best first. */
  offered: string[];
}

export { serverFrame };

/** The answer that opens a connection, and the first message. */
export function goodAnswer(
  { accept, offered }: UpgradeOf,
  serverInfo = '{"op":"serverInfo","name":"raw","capabilities":[]}',
) {
  const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${offered[0]}\r\n\r\n`;
  return [new TextEncoder().encode(head), serverFrame(OPCODES.text, serverInfo)];
}

/** Listens on a free port, and hands each request to whoever is next. */
export class RawServer extends TcpListener {
  /** What the next connections get, in this order; the last one for all that follow. */
  readonly answers: ((upgrade: UpgradeOf) => void)[];

  private constructor(answers: ((upgrade: UpgradeOf) => void)[]) {
    super();
    this.answers = answers;
  }

  static start(...answers: ((upgrade: UpgradeOf) => void)[]): Promise<RawServer> {
    return new RawServer(answers).listen();
  }

  protected override serve(socket: Socket): void {
    this.keep(socket);
    let head = "";
    let answered = false;
    socket.on("data", (data: Uint8Array) => {
      if (answered) return;
      head += new TextDecoder().decode(data);
      if (!head.includes("\r\n\r\n")) return;
      answered = true;
      const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
      answer(upgradeOf(socket, head));
    });
  }
}

function upgradeOf(socket: Socket, head: string): UpgradeOf {
  const header = (name: string) => new RegExp(`^${name}: *(.*)\r$`, "im").exec(head)?.[1] ?? "";
  const accept = createHash("sha1").update(header("Sec-WebSocket-Key") + MAGIC).digest("base64");
  return { socket, accept, offered: header("Sec-WebSocket-Protocol").split(/, */) };
}
