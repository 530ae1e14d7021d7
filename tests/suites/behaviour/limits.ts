/** Rows of "Limits": what one client may cost, each at N and at N + 1. Those of time and of queues: `limits_slow.ts`. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ParameterRequest } from "../../../src/server/parameters.ts";
import { bytes, playbackRequest, readAsset, serviceCall } from "../../support/raw_bytes.ts";
import { errorText, type JsonMessage, type RawClient, type Received, status } from "../../support/raw_client.ts";
import { clientFrame, OPCODES, RawSocket } from "../../support/raw_socket.ts";
import { nextEvent } from "../../support/wire_client.ts";
import type { On, Scene } from "./scene.ts";

/** Declares the tests. */
export function limitRows(on: On): void {
  messages(on);
  clients(on);
  kept(on);
  names(on);
  created(on);
  inFlight(on);
  assets(on);
  entries(on);
  nesting(on);
}

/** A text that the server has an answer for, of exactly so many bytes, some of which are more than characters. */
function textOf(length: number): string {
  const text = JSON.stringify({ op: "nothing", is: "\u00fc\u{1f916}" });
  return text + " ".repeat(length - new TextEncoder().encode(text).length);
}

function messages(on: On): void {
  const limits = { messageBytes: 500 };
  const frames: Record<string, (length: number) => Uint8Array> = {
    text: (length) => clientFrame(OPCODES.text, textOf(length)),
    binary: (length) => clientFrame(OPCODES.binary, bytes(new Uint8Array([0x77]), "x".repeat(length - 1))),
    fragmented: (length) =>
      bytes(
        clientFrame(OPCODES.text, textOf(length).slice(0, 100), { fin: false }),
        clientFrame(OPCODES.continuation, textOf(length).slice(100)),
      ),
  };
  for (const [kind, frameOf] of Object.entries(frames)) {
    on(`messageBytes, ${kind} message: N is taken, N + 1 closes with 1009`, async ({ client }) => {
      const [viewer, other] = [await client(), await client()];
      viewer.socket.send(frameOf(500));
      assertStringIncludes(errorText(await viewer.next()), "Invalid message: ");
      assertEquals(await viewer.settle(), []);
      viewer.socket.send(frameOf(501));
      assertEquals((await viewer.socket.readClose()).code, 1009);
      // Some runtimes wait for the peer's Close.
      viewer.socket.finish();
      await viewer.socket.end();
      assertEquals(await other.settle(), []);
    }, { limits });
  }
}

function clients(on: On): void {
  on("clients: N are let in, N + 1 is told 503, and comes in when one has left", async ({ server, client, port }) => {
    const viewers = [await client(), await client()];
    const refused = await RawSocket.connect(port);
    const { status, headers, body } = await refused.request({ protocols: ["foxglove.sdk.v1"] });
    await refused.destroy();
    assertEquals([status, headers["retry-after"]], [503, "5"]);
    assertEquals(body, "Server has as many clients as it allows\n");
    const gone = nextEvent(server, "disconnect");
    await viewers[0]!.destroy();
    await gone;
    await client();
    assertEquals(server.clients.size, 2);
  }, { limits: { clients: 2 } });
}

/** What a client may have many of: how it asks for number `id`, and gives it back. */
interface Kept {
  limit: "subscriptions" | "clientChannels";
  text: string;
  add(...ids: number[]): object;
  remove(id: number): object;
}

const KEPT: Kept[] = [
  {
    limit: "subscriptions",
    text: "Too many subscriptions: the limit is 3",
    add: (...ids) => ({ op: "subscribe", subscriptions: ids.map((id) => ({ id, channelId: id })) }),
    remove: (id) => ({ op: "unsubscribe", subscriptionIds: [id] }),
  },
  {
    limit: "clientChannels",
    text: "Too many channels: the limit is 3",
    add: (...ids) => ({
      op: "advertise",
      channels: ids.map((id) => ({ id, topic: `/${id}`, encoding: "json", schemaName: "" })),
    }),
    remove: (id) => ({ op: "unadvertise", channelIds: [id] }),
  },
];

function kept(on: On): void {
  for (const { limit, text, add, remove } of KEPT) {
    on(`${limit}: N are taken, N + 1 is refused alone, and taken when there is room`, async (scene) => {
      for (let i = 0; i < 6; i++) scene.server.channel(`/${i}`, { encoding: "json" });
      const viewer = await scene.client();
      assertEquals(await viewer.ask(add(1, 2, 3)), []);
      assertEquals(await viewer.ask(add(4, 5)), [status("error", text), status("error", text)]);
      // The rows above it in the table come first: what is in use, or unknown, is said so.
      const [inUse, ...none] = await viewer.ask(add(2)) as JsonMessage[];
      assertEquals([inUse?.level, none], [1, []]);
      assertEquals(await viewer.ask(remove(2), add(4)), []);
      assertEquals(await viewer.ask(add(5)), [status("error", text)]);
      // Another client has room of its own.
      assertEquals(await (await scene.client()).ask(add(1, 2, 3)), []);
    }, { clientPublish: true, limits: { [limit]: 3 } });
  }
}

function names(on: On): void {
  const limits = { parameterNames: 3 };
  const refusal = status("error", "Too many parameter names: the limit is 3");
  const list = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`);
  const requests: Record<string, (count: number) => object> = {
    getParameters: (count) => ({ op: "getParameters", parameterNames: list(count), id: "a" }),
    setParameters: (count) => ({
      op: "setParameters",
      parameters: list(count).map((name) => ({ name, value: count })),
      id: "a",
    }),
    subscribeParameterUpdates: (count) => ({ op: "subscribeParameterUpdates", parameterNames: list(count) }),
    unsubscribeParameterUpdates: (count) => ({ op: "unsubscribeParameterUpdates", parameterNames: list(count) }),
  };
  for (const [op, requestOf] of Object.entries(requests)) {
    on(`parameterNames, ${op}: N are taken, N + 1 refuse the request`, async ({ server, client }) => {
      server.parameters.set("p0", 0);
      const viewer = await client();
      assertEquals((await viewer.ask(requestOf(3))).filter((answer) => isStatus(answer)), []);
      const before = server.parameters.get("p0");
      assertEquals(await viewer.ask(requestOf(4)), [refusal]);
      assertEquals(server.parameters.get("p0"), before, "nothing of it is done");
    }, { parameters: {}, limits });
  }

  on("parameterNames: the names of all subscriptions count together", async ({ server, client }) => {
    const viewer = await client();
    const change = (op: string, ...parameterNames: string[]) => viewer.ask({ op, parameterNames });
    assertEquals(await change("subscribeParameterUpdates", "a", "b"), []);
    assertEquals(await change("subscribeParameterUpdates", "b", "c"), [], "b is there already");
    assertEquals(await change("subscribeParameterUpdates", "d"), [refusal]);
    assertEquals(await change("unsubscribeParameterUpdates", "a"), []);
    assertEquals(await change("subscribeParameterUpdates", "d"), []);
    for (const name of ["a", "d"]) server.parameters.set(name, 1);
    assertEquals((await viewer.expect("parameterValues")).parameters, [{ name: "d", value: 1 }]);
  }, { parameters: {}, limits });
}

function created(on: On): void {
  on("clientParameters: clients create N, N + 1 is refused alone, and created when one is deleted", async (scene) => {
    const { server } = scene;
    server.parameters.set("own", 0);
    const [viewer, other] = [await scene.client(), await scene.client()];
    const set = (client: RawClient, ...names: string[]) =>
      client.ask({ op: "setParameters", parameters: names.map((name) => ({ name, value: 1 })) });
    const refusal = (name: string) =>
      status("error", `Parameter ${name} was not set: too many parameters, the limit is 2`);
    assertEquals(await set(viewer, "a", "own"), []);
    assertEquals(await set(other, "b", "c", "a"), [refusal("c")], "it counts what all have created");
    // They stay when their client leaves.
    const gone = nextEvent(server, "disconnect");
    await viewer.close();
    await gone;
    assertEquals(await set(other, "c"), [refusal("c")]);
    await other.ask({ op: "setParameters", parameters: [{ name: "a" }] });
    assertEquals(await set(other, "c"), []);
    assertEquals(server.parameters.names(), ["own", "b", "c"]);
  }, { parameters: {}, limits: { clientParameters: 2 } });
}

function isStatus(message: Received): boolean {
  return !(message instanceof Uint8Array) && message.op === "status";
}

/** Requests that wait for own code: how to ask under an id, and what own code must do for the answer of one. */
interface Waiting {
  limit: "serviceCalls" | "assetRequests" | "parameterRequests" | "playbackRequests";
  refusal: string;
  /** Registers what answers when it is told to. */
  register(scene: Scene, wait: () => Promise<void>): void;
  request(id: number): object | Uint8Array;
  /** The text of an answer that refuses; `undefined` when it is another answer. */
  refusalIn(answer: Received, id: number): string | undefined;
}

const textIn = (answer: Received) => isStatus(answer) ? (answer as JsonMessage).message as string : undefined;

const WAITING: Waiting[] = [
  {
    limit: "serviceCalls",
    refusal: "Too many service calls in flight: the limit is 2",
    register: ({ server }, wait) => server.service("/slow", {}, () => wait().then(() => "done")),
    request: (id) => serviceCall(1, id, "json", "1"),
    refusalIn(answer, id) {
      if (answer instanceof Uint8Array) return undefined;
      assertEquals([answer.op, answer.serviceId, answer.callId], ["serviceCallFailure", 1, id]);
      return answer.message as string;
    },
  },
  {
    limit: "assetRequests",
    refusal: "Too many asset requests in flight: the limit is 2",
    register: ({ server }, wait) => server.asset(() => wait().then(() => bytes("solid"))),
    request: (requestId) => ({ op: "fetchAsset", requestId, uri: "x" }),
    refusalIn(answer, id) {
      const { requestId, status, error } = readAsset(answer as Uint8Array);
      if (status === 0) return undefined;
      assertEquals(requestId, id);
      return error;
    },
  },
  {
    limit: "parameterRequests",
    refusal: "Too many parameter requests",
    register: ({ server }, wait) => server.parameters.declare("slow", { value: 0, validate: wait }),
    request: (id) => ({ op: "setParameters", parameters: [{ name: "slow", value: id }], id: `${id}` }),
    refusalIn: textIn,
  },
  {
    limit: "playbackRequests",
    refusal: "Too many playback requests",
    register: ({ server }, wait) =>
      server.playback({ startTime: 0n, endTime: 9n, play() {}, pause() {}, setSpeed() {}, seek: wait }),
    request: (id) => playbackRequest({ seekTime: BigInt(id), requestId: `${id}` }),
    refusalIn: textIn,
  },
];

function inFlight(on: On): void {
  for (const { limit, refusal, register, request, refusalIn } of WAITING) {
    on(`${limit}: N wait, N + 1 is refused alone, and taken when one is answered`, async (scene) => {
      const go: (() => void)[] = [];
      register(scene, () => new Promise<void>((resolve) => go.push(resolve)));
      const viewer = await scene.client();
      const [refused, ...rest] = await viewer.ask(request(1), request(2), request(3));
      assertEquals([refusalIn(refused!, 3), rest], [refusal, []]);
      const answer = async () => {
        go.shift()!();
        assertEquals(refusalIn(await viewer.next(), 0), undefined);
      };
      await answer();
      assertEquals(await viewer.ask(request(4)), []);
      const [again] = await viewer.ask(request(5));
      assertEquals(refusalIn(again!, 5), refusal);
      await answer();
      await answer();
      assertEquals(await viewer.settle(), []);
    }, { limits: { [limit]: 2 } });
  }
}

function assets(on: On): void {
  const chunked = (length: number) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < length; i++) controller.enqueue(new Uint8Array(1));
        controller.close();
      },
    });
  const bodies = { bytes: (length: number) => new Uint8Array(length), "a stream": chunked };
  for (const [kind, bodyOf] of Object.entries(bodies)) {
    on(`assetBytes, ${kind}: N are sent, N + 1 fail`, async (scene) => {
      scene.server.asset((uri) => bodyOf(Number(uri)));
      const viewer = await scene.client();
      const fetch = async (length: number) => {
        viewer.send({ op: "fetchAsset", requestId: length, uri: `${length}` });
        const { requestId, status, error, data } = readAsset(await viewer.expectBinary());
        assertEquals([requestId, status], [length, error === "" ? 0 : 1]);
        return error || data.length;
      };
      assertEquals([await fetch(0), await fetch(10)], [0, 10]);
      assertEquals(await fetch(11), "Asset is larger than 10 bytes");
      assertEquals(scene.errors.splice(0).map(({ during }) => during), ['asset "11"']);
    }, { limits: { assetBytes: 10 } });
  }
}

function entries(on: On): void {
  on("999 bad entries of a list spoil nothing; behind the 1000th no more are read", async (scene) => {
    const { id } = scene.server.channel("/a", { encoding: "json" });
    const viewer = await scene.client();
    const subscribe = (bad: number) => ({
      op: "subscribe",
      subscriptions: [...Array.from({ length: bad }, () => 0), { id: bad, channelId: id }],
    });
    assertEquals((await viewer.ask(subscribe(999))).length, 999);
    assertEquals(scene.server.stats().subscriptions, 1);
    await viewer.ask({ op: "unsubscribe", subscriptionIds: [999] });
    const answers = await viewer.ask(subscribe(1000));
    assertEquals([answers.length, scene.server.stats().subscriptions], [1001, 0]);
    assertStringIncludes(errorText(answers[1000]), "has 1000 bad entries before index 1000, no more are read");
  });
}

/** JSON of a list in a list in a list. */
const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

function nesting(on: On): void {
  const ask = (viewer: RawClient, value: string, others = "") =>
    viewer.ask(`{"op":"setParameters","parameters":[{"name":"deep","value":${value}${others}}],"id":"a"}`);

  on("nesting of a parameter's value: 128 levels are taken, 129 are an invalid message", async ({ server, client }) => {
    const viewer = await client();
    const [reply, ...rest] = await ask(viewer, nested(128));
    assertEquals([(reply as JsonMessage).op, rest], ["parameterValues", []]);
    assertEquals(JSON.stringify(server.parameters.get("deep")), nested(128));
    for (const value of [nested(129), `{"a":${nested(128)}}`, nested(50_000)]) {
      const [refusal] = await ask(viewer, value);
      assertStringIncludes(errorText(refusal), "Invalid message: ");
      assertStringIncludes(errorText(refusal), "128");
    }
    assertEquals(JSON.stringify(server.parameters.get("deep")), nested(128), "it is what it was");
  }, { parameters: {} });

  on("nesting: members that are not known are not looked at", async ({ server, client }) => {
    const viewer = await client();
    const [reply] = await ask(viewer, "1", `,"fancy":${nested(20_000)}`);
    assertEquals((reply as JsonMessage).op, "parameterValues");
    assertEquals(server.parameters.get("deep"), 1);
  }, { parameters: {} });

  on("nesting: validators and events get such a value too", async ({ server, client }) => {
    const seen: unknown[] = [];
    const validate = ({ value }: ParameterRequest) => void seen.push(value);
    server.parameters.declare("deep", { value: [], validate });
    server.parameters.on("change", ({ value }) => seen.push(value));
    await ask(await client(), nested(128));
    assertEquals(seen.map((value) => JSON.stringify(value)), [nested(128), nested(128)]);
    assert(seen[0] !== seen[1], "each has a copy of its own");
  });
}
