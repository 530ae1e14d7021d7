/**
 * The server on real sockets, byte by byte: frames that are split, glued, fragmented and broken, written in pieces of any
 * size. Every message is answered, every ping too, faults end their own connection and no other.
 */
import { systemClock } from "../../../src/util/time.ts";
import { bun, insideDenoServe, type Listening, nodeHttp } from "../../support/listeners.ts";
import { bytes } from "../../support/raw_bytes.ts";
import { clientFrame, closeFrame, type Frame, OPCODES, RawSocket } from "../../support/raw_socket.ts";
import type { Random } from "../../support/random.ts";
import { runtime } from "../../support/test.ts";
import { hexOf, Mismatch, type Play, type Raw, shown, type Target } from "../case.ts";
import { ClientTraffic } from "../traffic/client_traffic.ts";
import { corpusFor } from "../traffic/corpus.ts";
import { keyed } from "../models/keys.ts";
import { mutate, pickOf, randomBytes } from "../traffic/mutate.ts";
import { readFrames, type Stream } from "../readers/read_frames.ts";
import { ServerFixture } from "./server_fixture.ts";
import { ServerModel } from "../models/server_model.ts";
import { macrotask } from "./turns.ts";

/** How a server is reached, and whether it says what was wrong with a frame before it ends the connection. */
const ADAPTERS = {
  "node:http": { listen: nodeHttp, answersFaults: true },
  "Deno.serve": { listen: insideDenoServe, answersFaults: false },
  "Bun.serve": { listen: bun, answersFaults: true },
};

type Adapter = keyof typeof ADAPTERS;

const HERE: readonly Adapter[] = runtime === "bun"
  ? ["Bun.serve"]
  : runtime === "deno"
  ? ["node:http", "Deno.serve"]
  : ["node:http"];

interface Setup {
  adapter: Adapter;
  corpus: number;
}

/** One connection: what is written, in which pieces, and how it is left. */
interface Step {
  protocol: string;
  pieces: Uint8Array[];
  frames: number;
  leave: "close" | "cut" | "reset";
}

const PROTOCOLS = ["foxglove.sdk.v1.1", "foxglove.sdk.v1", "foxglove.websocket.v1"];
const MAX_BYTES = 16 * 2 ** 20;
const HINTS = { channelIds: [1, 2, 3], serviceIds: [1] };
/** A server that is broken into says one of these, or nothing. */
const FAULT_CODES = [1002, 1007, 1009];

class FramesPlay implements Play<Step> {
  readonly #adapter: typeof ADAPTERS[Adapter];
  readonly #fixture = new ServerFixture("bare", { clock: systemClock, ownClock: systemClock });
  readonly #traffic: ClientTraffic;
  #listening!: Listening;
  #bystander!: RawSocket;

  constructor({ adapter, corpus }: Setup) {
    // What was found on another runtime is played with what there is here.
    this.#adapter = ADAPTERS[HERE.includes(adapter) ? adapter : HERE[0]!];
    this.#traffic = new ClientTraffic(corpusFor(corpus).client);
  }

  async start(): Promise<this> {
    this.#listening = await this.#adapter.listen(this.#fixture.server);
    this.#bystander = await RawSocket.open(this.#listening.port);
    await this.#greeting(this.#bystander, "foxglove.sdk.v1");
    return this;
  }

  next(random: Random): Step {
    const messages = Array.from({ length: 1 + random.below(8) }, () => this.#traffic.next(random, HINTS)).flat();
    const frames = messages.flatMap((message) => framesOf(random, message));
    if (random.chance(0.15)) {
      frames.push(closeFrame(pickOf(random, [undefined, 1000, 1001, 1005, 999, 3001, 5000]), "bye"));
    }
    if (random.chance(0.3)) frames.splice(random.below(frames.length), 0, oddFrame(random));
    const stream = random.chance(0.3) ? bytes(mutate(random, bytes(...frames), frames)[0]!) : bytes(...frames);
    return {
      protocol: pickOf(random, PROTOCOLS),
      pieces: inPieces(random, stream),
      frames: frames.length,
      leave: pickOf(random, ["close", "cut", "reset"]),
    };
  }

  async play(step: Step): Promise<number> {
    const socket = await RawSocket.open(this.#listening.port, step.protocol);
    try {
      const model = await this.#greeting(socket, step.protocol);
      await write(socket, step.pieces);
      const stream = readFrames(bytes(...step.pieces), MAX_BYTES);
      await this.#check(socket, { stream, expected: answersTo(model, stream.messages) });
      if (step.leave === "close" && stream.end === "open") await close(socket);
      if (step.leave === "reset") socket.reset();
    } catch (error) {
      throw new Mismatch(`${error instanceof Error ? error.message : error}\nafter ${shown(step.pieces.map(hexOf))}`);
    } finally {
      await socket.destroy();
    }
    this.#lookAtServer();
    return step.frames;
  }

  async finish(): Promise<void> {
    this.#bystander.send(clientFrame(OPCODES.text, '{"op":"unsubscribe","subscriptionIds":[7]}'));
    const answer = messageOf(await nextFrame(this.#bystander));
    const expected = "Client is not subscribed with ID: 7; ignoring unsubscription";
    if (!String(answer).includes(expected)) throw new Mismatch(`Bystander got ${shown(answer)}`);
    await this.#bystander.destroy();
    const { server } = this.#fixture;
    for (let i = 0; i < 2000 && server.clients.size > 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    const { clients, subscriptions } = server.stats();
    if (clients + subscriptions > 0) {
      throw new Mismatch(`${clients} clients and ${subscriptions} subscriptions are left`);
    }
  }

  async dispose(): Promise<void> {
    await this.#bystander.destroy();
    await this.#fixture.server.close({ timeoutMs: 0 });
    await this.#listening.stop();
  }

  /** Reads what a server says first. */
  async #greeting(socket: RawSocket, protocol: string): Promise<ServerModel> {
    const model = new ServerModel("bare");
    model.join(0, protocol);
    const client = model.clients.get(0)!;
    for (const { key } of client.expected) {
      const got = keyed(messageOf(await nextFrame(socket))).key;
      if (got !== key) throw new Mismatch(`Greeted by ${got}\nexpected ${key}`);
    }
    client.expected = [];
    return model;
  }

  async #check(socket: RawSocket, { stream, expected }: { stream: Stream; expected: string[] }): Promise<void> {
    const heard = { answers: [] as string[], pongs: [] as string[], close: undefined as number | undefined };
    // Deno takes some faults for none: what it says then is its own.
    if (stream.end === "unclear" || (stream.end === "broken" && !this.#adapter.answersFaults)) return;
    const isOpen = stream.end === "open" || stream.end === "cut";
    const wanted = expected.length + stream.pings.length;
    while (!isOpen || heard.answers.length + heard.pongs.length < wanted) {
      const frame = await this.#frame(socket, isOpen);
      if (frame === undefined) break;
      if (frame.opcode === OPCODES.close) {
        heard.close = codeOf(frame);
        // The beginning of a frame may show already that it is wrong.
        if (isOpen && !(stream.end === "cut" && FAULT_CODES.includes(heard.close!))) {
          throw new Mismatch(`Closed with ${hexOf(frame.payload)}`);
        }
        break;
      }
      if (frame.opcode === OPCODES.pong) heard.pongs.push(hexOf(frame.payload));
      else heard.answers.push(keyed(messageOf(frame)).key);
    }
    samePrefix("answer", heard.answers, expected);
    samePrefix("pong", heard.pongs, stream.pings.map(hexOf));
    this.#checkEnd(heard.close, stream);
  }

  /** The next frame; `undefined` when the connection ends, which it may. */
  async #frame(socket: RawSocket, isOpen: boolean): Promise<Frame | undefined> {
    try {
      return await nextFrame(socket);
    } catch (error) {
      if (isOpen || !socket.closed) throw error;
    }
  }

  #checkEnd(code: number | undefined, { end }: Stream): void {
    if (end === "broken" && !FAULT_CODES.includes(code!)) throw new Mismatch(`Ended with ${code} after a fault`);
    if (typeof end === "object" && ![end.code, end.code ?? 1000].includes(code)) {
      throw new Mismatch(`Close ${end.code} was answered by ${code}`);
    }
  }

  #lookAtServer(): void {
    const [failure] = this.#fixture.errors.splice(0);
    if (failure !== undefined) throw new Mismatch(`Error during ${failure.during}: ${(failure.error as Error)?.stack}`);
    if (this.#bystander.closed) throw new Mismatch("The bystander's connection has ended");
  }
}

/** What a message has to be answered with. */
function answersTo(model: ServerModel, messages: readonly Raw[]): string[] {
  const client = model.clients.get(0)!;
  for (const message of messages) model.receive(client, message);
  return client.expected.map(({ key }) => key);
}

function samePrefix(what: string, got: readonly string[], wanted: readonly string[]): void {
  const at = got.findIndex((text, i) => text !== wanted[i]);
  if (at >= 0) throw new Mismatch(`${what} ${at}: ${shown(got[at]!)}\nexpected ${shown(wanted[at] ?? "nothing")}`);
}

/** The next frame; a server that has heard nothing for 10 s asks whether anybody is there. */
async function nextFrame(socket: RawSocket): Promise<Frame> {
  for (;;) {
    const frame = await socket.readFrame();
    if (frame.opcode !== OPCODES.ping) return frame;
    socket.send(clientFrame(OPCODES.pong, frame.payload));
  }
}

function messageOf({ opcode, payload }: Frame): Raw {
  if (opcode !== OPCODES.text && opcode !== OPCODES.binary) {
    throw new Mismatch(`Frame of opcode ${opcode}: ${hexOf(payload)}`);
  }
  return opcode === OPCODES.text ? new TextDecoder().decode(payload) : new Uint8Array(payload);
}

function codeOf({ payload }: Frame): number | undefined {
  return payload.length < 2 ? undefined : payload[0]! << 8 | payload[1]!;
}

async function write(socket: RawSocket, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await macrotask();
  }
}

async function close(socket: RawSocket): Promise<void> {
  socket.send(closeFrame(1000));
  const { code } = await socket.readClose();
  if (code !== 1000) throw new Mismatch(`Close 1000 was answered by ${code}`);
}

// Frames

/** A message in one frame or several, with others in between. */
function framesOf(random: Random, message: Raw): Uint8Array[] {
  const payload = typeof message === "string" ? new TextEncoder().encode(message) : message;
  const opcode = typeof message === "string" ? OPCODES.text : OPCODES.binary;
  if (random.chance(0.6)) return [clientFrame(opcode, payload)];
  const parts = inPieces(random, payload);
  return parts.flatMap((part, i) => {
    const frame = clientFrame(i === 0 ? opcode : OPCODES.continuation, part, { fin: i === parts.length - 1 });
    return random.chance(0.2) ? [frame, controlFrame(random)] : [frame];
  });
}

function controlFrame(random: Random): Uint8Array {
  return clientFrame(pickOf(random, [OPCODES.ping, OPCODES.pong]), randomBytes(random, pickOf(random, [0, 3, 125])));
}

/** A frame that may be wrong. */
function oddFrame(random: Random): Uint8Array {
  return clientFrame(random.below(16), randomBytes(random, pickOf(random, [0, 1, 2, 5, 130])), {
    fin: random.chance(0.7),
    masked: random.chance(0.9),
    reserved: random.chance(0.8) ? 0 : random.below(8),
    ...(random.chance(0.2) ? { claimedLength: pickOf(random, [0, 1, 200, 65_536, 2 ** 32, 2 ** 52]) } : {}),
  });
}

/** Bytes in one piece or a few; now and then each by itself. */
function inPieces(random: Random, data: Uint8Array): Uint8Array[] {
  if (data.length < 60 && random.chance(0.05)) return Array.from(data, (_, i) => data.subarray(i, i + 1));
  const cuts = Array.from({ length: pickOf(random, [0, 0, 1, 2, 4]) }, () => random.below(data.length + 1));
  const edges = [0, ...cuts.sort((one, other) => one - other), data.length];
  return edges.slice(1).map((end, i) => data.subarray(edges[i]!, end));
}

/** The server behind an adapter of this runtime. */
export const frames: Target<Setup, Step> = {
  name: "frames",
  steps: 60,
  setup: (random) => ({ adapter: pickOf(random, HERE), corpus: random.below(16) }),
  start: (setup) => new FramesPlay(setup).start(),
};
