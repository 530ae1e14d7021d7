/**
 * Cases of service calls that fail: each of them is answered, too.
 *
 * @module
 */
import { bytes, serviceCall } from "../bytes.ts";
import type { ConformCase } from "../case.ts";
import { Skip } from "../mismatch.ts";
import { answersIn, call, expectFailure, failedCall, nextAnswer, serviceOf, unknownService } from "../steps/calls.ts";
import { check, same, sameBytes } from "../steps/check.ts";
import { foxwire, sdk, spec } from "../steps/sources.ts";

const NEEDS = { capabilities: ["services"] } as const;
const ADD = { ...NEEDS, service: "/add" } as const;
const ECHO = { ...NEEDS, service: "/echo" } as const;
const FAIL = { ...NEEDS, service: "/fail" } as const;
const SLOW = { ...NEEDS, service: "/slow" } as const;

/** Calls that a server runs at once for one client. */
const IN_FLIGHT = 32;

/** The cases. */
export const SERVICE_FAILURES: readonly ConformCase[] = [
  {
    name: "services/unknown",
    level: "must",
    rule: "A call of a service that does not exist is answered by a serviceCallFailure with both ids of the request",
    source: spec("Service Call Failure"),
    needs: NEEDS,
    async run(scene) {
      await failedCall(await scene.connect(), [unknownService(scene), 12]);
    },
  },
  {
    name: "services/fails",
    level: "must",
    rule: "A call that fails is answered by a serviceCallFailure with both ids of the request and a message",
    source: spec("Service Call Failure"),
    needs: FAIL,
    async run(scene) {
      await failedCall(await scene.connect(), [serviceOf(scene, "/fail"), 0xffff_fff0]);
    },
  },
  {
    name: "services/fails-why",
    level: "should",
    rule: "The message of a serviceCallFailure is what the service says of its failure",
    source: sdk("Service: handlers"),
    needs: FAIL,
    async run(scene) {
      const text = await failedCall(await scene.connect(), [serviceOf(scene, "/fail"), 2]);
      check(text.includes("Failure on purpose"), 'a message with "Failure on purpose"', text);
    },
  },
  {
    name: "services/fails-again",
    level: "must",
    rule: "A failure harms no later call",
    source: spec("Service Call Failure"),
    needs: ECHO,
    async run(scene) {
      const peer = await scene.connect();
      const [fail, echo] = [serviceOf(scene, "/fail"), serviceOf(scene, "/echo")];
      await failedCall(peer, [fail, 1]);
      await failedCall(peer, [fail, 1]);
      await call(peer, [echo, 1], "json", bytes("{}"));
    },
  },
  {
    name: "services/encoding-refused",
    level: "should",
    rule: "A call in an encoding that the service does not take is answered by a serviceCallFailure",
    source: sdk("on_service_call: Unsupported encoding"),
    needs: ADD,
    async run(scene) {
      await failedCall(await scene.connect(), [serviceOf(scene, "/add"), 3], "foxwire-conform");
    },
  },
  {
    name: "services/malformed",
    level: "should",
    rule: "A call whose payload is not of the service's encoding is answered by a serviceCallFailure",
    source: spec("Service Call Failure"),
    needs: ADD,
    async run(scene) {
      await failedCall(await scene.connect(), [serviceOf(scene, "/add"), 4], "json", "{");
    },
  },
  {
    name: "services/answered-once",
    level: "must",
    rule: "A call is answered once",
    source: spec("Service Call Response: and docs/protocol.md, Services"),
    needs: ECHO,
    async run(scene) {
      const [peer, id] = [await scene.connect(), serviceOf(scene, "/echo")];
      await call(peer, [id, 1], "json", bytes("{}"));
      await failedCall(peer, [unknownService(scene), 2]);
      same(answersIn(await peer.settle()), [], "answers to calls that were answered already");
    },
  },
  {
    name: "services/slow-blocks-nobody",
    level: "should",
    rule: "A call that takes long keeps no other call waiting, of the same client or of another",
    source: sdk("Service: handlers run in tasks of their own"),
    needs: SLOW,
    async run(scene) {
      const [slow, echo] = [serviceOf(scene, "/slow"), serviceOf(scene, "/echo")];
      const peers = [await scene.connect(), await scene.connect()];
      peers[0]!.send(serviceCall(slow, 1, "json", "{}"));
      for (const peer of peers) await call(peer, [echo, 2], "json", bytes("{}"));
    },
  },
  {
    name: "services/encoding-bytes",
    level: "extra",
    rule: "The length of the encoding counts bytes of UTF-8, not characters",
    source: spec("Service Call Response: encoding length"),
    needs: ECHO,
    async run(scene) {
      const [peer, id] = [await scene.connect(), serviceOf(scene, "/echo")];
      peer.send(serviceCall(id, 9, "größe", "{}"));
      const answer = await nextAnswer(peer);
      if ("failure" in answer) throw new Skip("/echo takes no such encoding");
      same(answer.encoding, "größe", "encoding of the response");
      sameBytes(answer.payload, bytes("{}"), "the payload of /echo");
    },
  },
  {
    name: "services/time-limit",
    level: "extra",
    rule: "A call that the service never answers is answered by a serviceCallFailure when its time is up",
    source: foxwire("Services: no answer within the time limit"),
    needs: SLOW,
    async run(scene) {
      await failedCall(await scene.connect(), [serviceOf(scene, "/slow"), 5]);
    },
  },
  {
    name: "services/call-id-in-flight",
    level: "extra",
    rule: "A call under an id that is in flight is answered by a serviceCallFailure",
    source: foxwire("Services: a call id that is in flight"),
    needs: SLOW,
    async run(scene) {
      const [slow, echo, peer] = [serviceOf(scene, "/slow"), serviceOf(scene, "/echo"), await scene.connect()];
      // Another service, so that the answer tells which of the two calls it is for.
      peer.send(serviceCall(slow, 6, "json", "{}"));
      await failedCall(peer, [echo, 6]);
    },
  },
  {
    name: "services/too-many",
    level: "extra",
    rule:
      `Of more than ${IN_FLIGHT} calls in flight of one client the further ones are answered by a serviceCallFailure`,
    source: foxwire("Services: one more than limits.serviceCalls in flight, as the SDK does"),
    needs: SLOW,
    async run(scene) {
      const [slow, peer] = [serviceOf(scene, "/slow"), await scene.connect()];
      const ids = Array.from({ length: IN_FLIGHT + 1 }, (_, index) => index + 1);
      peer.send(...ids.map((callId) => serviceCall(slow, callId, "json", "{}")));
      expectFailure(await nextAnswer(peer), slow, IN_FLIGHT + 1);
    },
  },
];
