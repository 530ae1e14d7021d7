/** Every request is answered: in success, failure, time-out, disconnect and close, by whichever message its kind has. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { FoxgloveServer } from "../../../src/server/server.ts";
import { deferred } from "../../../src/util/async.ts";
import { bytes, playbackRequest, readAsset, serviceCall } from "../../support/raw_bytes.ts";
import { LEVELS, type RawClient, type Received } from "../../support/raw_client.ts";
import { clientFrame, OPCODES } from "../../support/raw_socket.ts";
import { nextEvent } from "../../support/wire_client.ts";
import { type On, takeErrors } from "./scene.ts";

/** Declares the tests. */
export function answerRows(on: On): void {
  for (const kind of KINDS) {
    success(on, kind);
    failure(on, kind);
    timeOut(on, kind);
    leaving(on, kind);
    closing(on, kind);
  }
  mixed(on);
}

/** A kind of request, what own code does with one, and how its answers look when {@link shown}. */
interface Kind {
  what: string;
  register(server: FoxgloveServer, own: (signal: AbortSignal) => void | Promise<void>): void;
  request(id: number): object | Uint8Array;
  done: string[];
  failed(text: string): string[];
  /** When the connection is closing: here a status may be all. */
  closed(text: string): string[];
  during: string;
  late: string;
}

const KINDS: Kind[] = [
  {
    what: "service call",
    register: (server, own) => server.service("/a", {}, (_request, { signal }) => after(own(signal), "done")),
    request: (id) => serviceCall(1, id, "json", "1"),
    done: ["serviceCallResponse"],
    failed: (text) => [`serviceCallFailure ${text}`],
    closed: (text) => [`serviceCallFailure ${text}`],
    during: 'service "/a"',
    late: 'Service "/a" did not answer within 5 ms',
  },
  {
    what: "fetchAsset",
    register: (server, own) => server.asset((_uri, { signal }) => after(own(signal), bytes("solid"))),
    request: (requestId) => ({ op: "fetchAsset", uri: "a", requestId }),
    done: ["fetchAssetResponse"],
    failed: (text) => [`fetchAssetResponse ${text}`],
    closed: (text) => [`fetchAssetResponse ${text}`],
    during: 'asset "a"',
    late: 'Asset "a" did not come within 5 ms',
  },
  {
    what: "setParameters",
    register: (server, own) =>
      server.parameters.declare("a", { value: 0, validate: ({ signal }) => after(own(signal), undefined) }),
    request: (id) => ({ op: "setParameters", parameters: [{ name: "a", value: id }], id: `${id}` }),
    done: ["parameterValues"],
    failed: (text) => [`E Parameter a was not set: ${text}`, "parameterValues"],
    closed: (text) => [`E Parameter request failed: ${text}`],
    during: 'validator of parameter "a"',
    late: 'No verdict on parameter "a" within 5 ms',
  },
  {
    what: "playbackControlRequest",
    register: (server, own) =>
      server.playback({
        startTime: 0n,
        endTime: 9n,
        play() {},
        pause() {},
        setSpeed() {},
        seek: (_time, { signal }) => own(signal),
      }),
    request: (id) => playbackRequest({ command: 1, seekTime: BigInt(id), requestId: `${id}` }),
    done: ["playbackState"],
    failed: (text) => [`E Playback control failed: ${text}`, "playbackState"],
    closed: (text) => [`E Playback control failed: ${text}`],
    during: 'playback "seek"',
    late: 'No answer of playback to "seek" within 5 ms',
  },
];

/** What own code gives when it is done. */
function after<T>(own: void | Promise<void>, result: T): T | Promise<T> {
  return own instanceof Promise ? own.then(() => result) : result;
}

const OPCODE_NAMES = ["", "messageData", "time", "serviceCallResponse", "fetchAssetResponse", "playbackState"];

/** A message in short, without its ids. */
function shown(message: Received): string {
  if (message instanceof Uint8Array) {
    const error = message[0] === 4 ? readAsset(message).error : "";
    return `${OPCODE_NAMES[message[0]!]} ${error}`.trim();
  }
  if (message.op !== "status") return `${message.op} ${message.message ?? ""}`.trim();
  return `${message.level === LEVELS.error ? "E" : message.level} ${message.message}`;
}

/** The next messages, as many as there must be, in short; and no more come. */
async function answers(viewer: RawClient, count: number): Promise<string[]> {
  const all: string[] = [];
  while (all.length < count) all.push(shown(await viewer.next()));
  return [...all, ...(await viewer.settle()).map(shown)];
}

const never = () => new Promise<never>(() => {});

/** Waits until own code runs. @returns What it got of each request. */
function waiting(kind: Kind, server: FoxgloveServer, answer: () => Promise<void> = never) {
  const called = deferred<AbortSignal>();
  kind.register(server, (signal) => {
    called.resolve(signal);
    return answer();
  });
  return called.promise;
}

function success(on: On, { what, register, request, done }: Kind): void {
  for (const [how, own] of Object.entries({ "at once": () => {}, later: () => Promise.resolve() })) {
    on(`${what} is answered, own code being done ${how}`, async ({ server, client }) => {
      register(server, own);
      const viewer = await client();
      viewer.send(request(1));
      assertEquals(await answers(viewer, done.length), done);
    });
  }
}

const odd = Object.assign(Object.create(null), { odd: true });

/** What may be thrown, and what is said of it. */
const THROWN: [what: string, thrown: unknown, text: string][] = [
  ["an error", new Error("Broken"), "Broken"],
  ["a text", "broken", "broken"],
  ["nothing", undefined, "undefined"],
  ["an error without a message", new Error(""), "Unknown error"],
  ["what cannot be a text", odd, "Unknown error"],
];

function failure(on: On, { what, register, request, failed, during }: Kind): void {
  for (const how of ["throws", "rejects with"]) {
    on(`${what} is answered when own code ${how} anything, once, and the next one too`, async (scene) => {
      let thrown: unknown;
      register(scene.server, () => {
        if (how !== "throws") return Promise.reject(thrown);
        throw thrown;
      });
      const viewer = await scene.client();
      for (const [what, value, text] of THROWN) {
        thrown = value;
        viewer.send(request(1));
        assertEquals(await answers(viewer, failed("").length), failed(text), what);
        assertEquals(scene.errors.splice(0), [{ error: value, during }], what);
      }
    });
  }
}

function timeOut(on: On, kind: Kind): void {
  const { what, request, failed, late } = kind;
  const limits = { serviceMs: 5, assetMs: 5, parameterMs: 5, playbackMs: 5 };
  on(`${what} is answered in time when own code never answers, and not again when it does later`, async (scene) => {
    const answer = deferred<void>();
    const called = waiting(kind, scene.server, () => answer.promise);
    const viewer = await scene.client();
    viewer.send(request(1));
    assertEquals(await answers(viewer, failed("").length), failed(late));
    answer.resolve();
    await called;
    assertEquals(await viewer.settle(), []);
    takeErrors(scene);
  }, { limits });
}

function leaving(on: On, kind: Kind): void {
  const { what, request, register, done } = kind;
  on(`${what} of a client that leaves: own code is told, what it gives goes nowhere, others go on`, async (scene) => {
    const { server, client } = scene;
    const answer = deferred<void>();
    let first = true;
    const called = deferred<AbortSignal>();
    register(server, (signal) => {
      if (!first) return;
      first = false;
      called.resolve(signal);
      return answer.promise.then(() => Promise.reject(new Error("nobody hears this")));
    });
    const [viewer, other] = [await client(), await client()];
    viewer.send(request(1), request(2));
    const signal = await called.promise;
    const gone = nextEvent(server, "disconnect");
    viewer.socket.reset();
    await gone;
    assertEquals(signal.aborted, true);
    answer.resolve();
    other.send(request(3));
    assertEquals(await answers(other, done.length), done);
  });
}

/** The messages up to a Close, in short, and its code. */
async function untilClose({ socket }: RawClient): Promise<{ messages: string[]; code: number }> {
  const messages: string[] = [];
  for (;;) {
    const { opcode, payload } = await socket.readFrame();
    if (opcode === OPCODES.text) messages.push(shown(JSON.parse(new TextDecoder().decode(payload))));
    if (opcode === OPCODES.binary) messages.push(shown(new Uint8Array(payload)));
    if (opcode !== OPCODES.close) continue;
    socket.send(clientFrame(OPCODES.close, payload));
    return { messages, code: (payload[0]! << 8) | payload[1]! };
  }
}

function closing(on: On, kind: Kind): void {
  const { what, request, closed } = kind;
  const ways: Record<string, [close: (server: FoxgloveServer) => unknown, code: number]> = {
    "server closes": [(server) => server.close(), 1001],
    "client is closed": [(server) => [...server.clients].forEach((client) => client.close()), 1000],
  };
  for (const [how, [close, code]] of Object.entries(ways)) {
    on(`${what} that waits is answered before the Close frame when the ${how}`, async ({ server, client }) => {
      const called = waiting(kind, server);
      const viewer = await client();
      viewer.send(request(1), request(2), request(3));
      const signal = await called;
      // All of them are there.
      assertEquals(await viewer.settle(), []);
      const gone = nextEvent(server, "disconnect");
      close(server);
      assertEquals([signal.aborted, signal.reason.message], [true, "Connection is closing"]);
      const text = closed("Connection is closing");
      assertEquals(await untilClose(viewer), { messages: [...text, ...text, ...text], code });
      await gone;
    });
  }
}

function mixed(on: On): void {
  on(
    "parameter requests that wait for another are answered too when the client is closed, and not applied",
    async (scene) => {
      const { server } = scene;
      server.parameters.declare("slow", { value: 0, validate: never });
      server.parameters.set("plain", 0);
      const viewer = await scene.client();
      const set = (...parameters: object[]) => ({ op: "setParameters", parameters, id: "a" });
      const plain = { name: "plain", value: 1 };
      const requests = [set({ name: "slow", value: 1 }, plain), set(plain), {
        op: "getParameters",
        parameterNames: [],
      }];
      assertEquals(await viewer.ask(...requests), []);
      const gone = nextEvent(server, "disconnect");
      for (const client of server.clients) client.close();
      const { messages } = await untilClose(viewer);
      assertEquals(messages, Array(3).fill("E Parameter request failed: Connection is closing"));
      await gone;
      assertEquals(server.parameters.get("plain"), 0);
    },
  );

  on("a request of each kind that hangs holds up no other kind, nor another client's", async ({ server, client }) => {
    for (const { register } of KINDS) register(server, never);
    server.service("/quick", {}, () => "done");
    const [viewer, other] = [await client(), await client()];
    viewer.send(...KINDS.map(({ request }) => request(1)));
    assertEquals(await viewer.settle(), []);
    const get = { op: "getParameters", parameterNames: ["a"], id: "get" };
    for (const each of [viewer, other]) {
      each.send(serviceCall(2, 7, "json", "1"));
      assertMatch(shown(await each.next()), /^serviceCallResponse/);
    }
    assertEquals((await other.ask(get)).map(shown), ["parameterValues"]);
    // In the order of one client's requests, this one waits for its validator.
    assertEquals(await viewer.ask(get), []);
    assert(server.clients.size === 2);
  });
}
