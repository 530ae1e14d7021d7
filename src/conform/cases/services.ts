/**
 * Cases of services: what is said of them, and calls that are answered.
 *
 * @module
 */
import { bytes, serviceCall, utf8 } from "../bytes.ts";
import type { ConformCase, JsonObject, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { answersIn, call, nextAnswer, serviceOf } from "../steps/calls.ts";
import { CAPABILITY_OFFERS } from "../offers.ts";
import { check, eachOnce, same, sameBytes } from "../steps/check.ts";
import { encodingOf } from "../steps/echo.ts";
import { times } from "../steps/messages.ts";
import { foxwire, sdk, spec } from "../steps/sources.ts";

const NEEDS = { capabilities: ["services"] } as const;
const ADD = { ...NEEDS, service: "/add" } as const;
const ECHO = { ...NEEDS, service: "/echo" } as const;
const MAX_U32 = 0xffff_ffff;
const FORMAT_MEMBERS = ["encoding", "schemaName", "schemaEncoding", "schema"];

/** What was said of each service. @throws {Skip} when there is none. */
function described({ greeting }: Scene): readonly JsonObject[] {
  if (greeting.services.length === 0) throw new Skip("the server has no services", CAPABILITY_OFFERS.services);
  return greeting.services;
}

const nameOf = ({ id, name }: JsonObject) => `service ${id} ("${name}")`;
const isText = (value: unknown) => typeof value === "string";

/** Fails unless one side of a service is described in one of the two forms. */
function expectFormat(service: JsonObject, side: "request" | "response"): void {
  const format = service[side] as JsonObject | undefined;
  const complete = format === undefined
    ? isText(service[`${side}Schema`])
    : FORMAT_MEMBERS.every((member) => isText(format[member]));
  const wanted = `"${side}" of ${FORMAT_MEMBERS.join(", ")}, or a string "${side}Schema", in ${nameOf(service)}`;
  check(complete, wanted, service);
}

/** Fails unless `/echo` gives a payload back. */
const echoes = (payload: Uint8Array, callId = 1) => async (scene: Scene): Promise<void> => {
  const peer = await scene.connect();
  const answer = await call(peer, [serviceOf(scene, "/echo"), callId], encodingOf(scene), payload);
  sameBytes(answer.payload, payload, "the payload of /echo");
};

/** What `/add` makes of two numbers. */
async function sumOf(scene: Scene, a: number, b: number): Promise<{ encoding: string; sum: unknown }> {
  const peer = await scene.connect();
  const request = bytes(JSON.stringify({ a, b }));
  const { encoding, payload } = await call(peer, [serviceOf(scene, "/add"), 0x0102_0304], "json", request);
  return { encoding, sum: JSON.parse(utf8(payload)).sum };
}

/** The cases. */
export const SERVICES: readonly ConformCase[] = [
  {
    name: "services/advertised",
    level: "extra",
    rule: "A server that declares services says which by advertiseServices when a client connects",
    source: foxwire("The course of a connection: a client connects"),
    needs: NEEDS,
    run({ greeting: { services } }) {
      check(services.length > 0, "services in advertiseServices", services);
      return Promise.resolve();
    },
  },
  {
    name: "services/members",
    level: "must",
    rule: "Each service has an id that is a uint32, a name and a type",
    source: spec("Advertise Services"),
    needs: NEEDS,
    run(scene) {
      for (const service of described(scene)) {
        const id = service.id as number;
        check(Number.isInteger(id) && id >= 0 && id <= MAX_U32, "a service id that is a uint32", service);
        check(isText(service.name) && isText(service.type), "a service with name and type", service);
      }
      return Promise.resolve();
    },
  },
  {
    name: "services/unique-ids",
    level: "must",
    rule: "No two services have the same id",
    source: spec("Advertise Services: clients use this unique id"),
    needs: NEEDS,
    run(scene) {
      const ids = described(scene).map(({ id }) => id);
      eachOnce(ids, "ids");
      return Promise.resolve();
    },
  },
  {
    name: "services/request",
    level: "must",
    rule: "Each service describes its request: an object request, or the older string requestSchema",
    source: spec("Advertise Services"),
    needs: NEEDS,
    run(scene) {
      for (const service of described(scene)) expectFormat(service, "request");
      return Promise.resolve();
    },
  },
  {
    name: "services/response",
    level: "must",
    rule: "Each service describes its response: an object response, or the older string responseSchema",
    source: spec("Advertise Services"),
    needs: NEEDS,
    run(scene) {
      for (const service of described(scene)) expectFormat(service, "response");
      return Promise.resolve();
    },
  },
  {
    name: "services/response-ids",
    level: "must",
    rule: "A call is answered by a serviceCallResponse with the service id and the call id of the request",
    source: spec("Service Call Response"),
    needs: ADD,
    run: async (scene) => void await sumOf(scene, 1, 2),
  },
  {
    name: "services/response-payload",
    level: "must",
    rule: "The payload of the response is what the service answers, in the service's encoding",
    source: spec("Service Call Response"),
    needs: ADD,
    run: async (scene) => same((await sumOf(scene, 2, -5.5)).sum, -3.5, "sum of 2 and -5.5 by /add"),
  },
  {
    name: "services/response-encoding",
    level: "must",
    rule: "The response says the encoding that was used for the request",
    source: spec("Service Call Response"),
    needs: ADD,
    run: async (scene) => same((await sumOf(scene, 1, 2)).encoding, "json", "encoding of the response"),
  },
  {
    name: "services/each-encoding",
    level: "must",
    rule:
      "A service without an encoding of its own takes each of supportedEncodings, and answers in that of the request",
    source: spec("Service Call Request: and Service Call Response"),
    needs: ECHO,
    async run(scene) {
      const [id, peer] = [serviceOf(scene, "/echo"), await scene.connect()];
      const encodings = (scene.greeting.serverInfo.supportedEncodings ?? ["json"]) as string[];
      for (const [callId, encoding] of encodings.entries()) {
        const answer = await call(peer, [id, callId], encoding, bytes("{}"));
        same(answer.encoding, encoding, "encoding of the response");
      }
    },
  },
  {
    name: "services/bytes",
    level: "must",
    rule: "Requests and responses carry any bytes, unchanged",
    source: spec("Service Call Request: and Service Call Response"),
    needs: ECHO,
    run: echoes(Uint8Array.from({ length: 512 }, (_, index) => index % 256)),
  },
  {
    name: "services/empty",
    level: "must",
    rule: "The payload of a call may be empty, and that of its response",
    source: spec("Service Call Request: remaining bytes"),
    needs: ECHO,
    run: echoes(new Uint8Array()),
  },
  {
    name: "services/large",
    level: "should",
    rule: "A call may carry 1 MiB, and its response",
    source: sdk("Server: messages up to 64 MiB"),
    needs: ECHO,
    run: echoes(Uint8Array.from({ length: 1024 * 1024 }, (_, index) => index % 251)),
  },
  {
    name: "services/call-id-zero",
    level: "must",
    rule: "0 is a call id like any other",
    source: spec("Service Call Request: call id is a uint32"),
    needs: ECHO,
    run: echoes(bytes("{}"), 0),
  },
  {
    name: "services/call-id-max",
    level: "must",
    rule: "Call ids go up to 2^32 - 1",
    source: spec("Service Call Request: call id is a uint32"),
    needs: ECHO,
    run: echoes(bytes("{}"), MAX_U32),
  },
  {
    name: "services/call-id-again",
    level: "must",
    rule: "A call id can be used again when its call has been answered",
    source: spec("Service Call Request"),
    needs: ECHO,
    async run(scene) {
      const [id, peer] = [serviceOf(scene, "/echo"), await scene.connect()];
      for (const payload of ["1", "2", "3"].map((digit) => bytes(digit))) {
        const answer = await call(peer, [id, 9], encodingOf(scene), payload);
        sameBytes(answer.payload, payload, "the payload of /echo");
      }
    },
  },
  {
    name: "services/interleaved",
    level: "must",
    rule: "Calls that are under way together are each answered once, with their own call id and payload",
    source: spec("Service Call Request: the call id identifies the corresponding response"),
    needs: ECHO,
    async run(scene) {
      const [id, peer] = [serviceOf(scene, "/echo"), await scene.connect()];
      const calls = Array.from({ length: 20 }, (_, index) => ({ callId: 100 - index, payload: `${index}` }));
      const encoding = encodingOf(scene);
      peer.send(...calls.map(({ callId, payload }) => serviceCall(id, callId, encoding, payload)));
      const answers = await times(calls.length, () => nextAnswer(peer));
      const got = answers.map((
        answer,
      ) => ("payload" in answer ? { ...answer, payload: utf8(answer.payload) } : answer));
      const wanted = calls.map(({ callId, payload }) => ({ serviceId: id, callId, encoding, payload }));
      const inOrder = (list: { callId: number }[]) => list.toSorted((a, b) => a.callId - b.callId);
      same(inOrder(got), inOrder(wanted), "answers to 20 calls");
    },
  },
  {
    name: "services/callers",
    level: "must",
    rule: "The answer goes to the client that called, and to no other, whatever call ids others use",
    source: spec("Service Call Response: the response to a previous service call"),
    needs: ECHO,
    async run(scene) {
      const id = serviceOf(scene, "/echo");
      const peers = [await scene.connect(), await scene.connect()];
      for (const [index, peer] of peers.entries()) {
        peer.send(serviceCall(id, 4, encodingOf(scene), `${index}`));
      }
      for (const [index, peer] of peers.entries()) {
        const answer = await nextAnswer(peer);
        check("payload" in answer, "a response", answer);
        sameBytes(answer.payload, bytes(`${index}`), "the payload of the client's own call");
      }
      for (const peer of peers) same(answersIn(await peer.settle()), [], "answers to the calls of others");
    },
  },
];
