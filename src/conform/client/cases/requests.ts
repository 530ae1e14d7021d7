/**
 * What a client asks and sends, where the server declares that it can: all of it needs a driver.
 *
 * @module
 */
import type { JsonMessage, JsonObject } from "../../case.ts";
import { check, none, same } from "../../steps/check.ts";
import { spec } from "../../steps/sources.ts";
import { readClientData, readServiceCall, serviceResponse } from "../binary.ts";
import type { ClientCase, Instruction } from "../case.ts";
import type { ServerEnd } from "../server_end.ts";
import type { Stage } from "../stage.ts";
import { driven, text } from "./steps.ts";

const PUBLISH = { capabilities: ["clientPublish"], supportedEncodings: ["json"] };
const SERVICES = { capabilities: ["services"], supportedEncodings: ["json"] };

const goal = (data: string, topic = "/goal"): Instruction => ({ do: "publish", topic, encoding: "json", data });

/** The channel by which the client publishes on a topic. */
async function advertised(end: ServerEnd, topic: string): Promise<JsonObject> {
  const of = ({ channels }: JsonMessage) => (channels as JsonObject[]).find((channel) => channel.topic === topic);
  return of(await end.expect("advertise", (message) => of(message) !== undefined, `of topic "${topic}"`))!;
}

async function published(end: ServerEnd) {
  const { channelId, data } = readClientData(await end.expectBinary(1, "messageData"));
  return { channelId, data: text(data) };
}

const side = (schemaName: string) => ({
  encoding: "json",
  schemaName,
  schemaEncoding: "jsonschema",
  schema: '{"type":"object"}',
});
const ECHO = { id: 9, name: "/echo", type: "Echo", request: side("EchoRequest"), response: side("EchoResponse") };

/** A server with services. */
function serving(stage: Stage, ...services: JsonObject[]): Promise<ServerEnd> {
  return stage.ready({ info: SERVICES }, { op: "advertiseServices", services });
}

/** Makes the client call a service, and gives the call as it came. */
async function called(stage: Stage, end: ServerEnd, data: string, service = "/echo") {
  const tag = stage.tag();
  stage.tell({ do: "callService", tag, service, encoding: "json", data });
  return { tag, call: readServiceCall(await end.expectBinary(2, "serviceCallRequest")) };
}

async function echoes(stage: Stage, service: JsonObject): Promise<void> {
  const end = await serving(stage, service);
  const { tag, call } = await called(stage, end, '{"x":1}');
  same([call.serviceId, call.encoding, text(call.data)], [service.id, "json", '{"x":1}'], "the call");
  end.send(serviceResponse(call, '{"y":2}'));
  same((await stage.answered(tag)).data, '{"y":2}', "data of the answer");
}

const publishing = driven("publish", spec("Client Advertise: and Client Message Data"), [
  ["advertises", "must", "A topic is advertised, with its encoding, and then published on by its id", async (stage) => {
    const end = await stage.ready({ info: PUBLISH });
    stage.tell(goal('{"x":1}'));
    const { id, encoding, schemaName } = await advertised(end, "/goal");
    same([encoding, typeof schemaName], ["json", "string"], "encoding and the type of schemaName");
    same(await published(end), { channelId: id, data: '{"x":1}' }, "messageData");
  }],
  ["once", "should", "A topic is advertised once, however much is published on it", async (stage) => {
    const end = await stage.ready({ info: PUBLISH });
    for (const data of ["1", "2", "3"]) stage.tell(goal(data));
    for (const data of ["1", "2", "3"]) same((await published(end)).data, data, "data");
    same(end.heard("advertise").length, 1, "advertise messages");
  }],
  ["two-topics", "must", "Each topic has a channel of its own", async (stage) => {
    const end = await stage.ready({ info: PUBLISH });
    stage.tell(goal('"a"', "/a"));
    stage.tell(goal('"b"', "/b"));
    const ids = [(await advertised(end, "/a")).id, (await advertised(end, "/b")).id];
    const first = await published(end);
    const second = await published(end);
    same(
      [[first.channelId, first.data], [second.channelId, second.data]],
      [[ids[0], '"a"'], [ids[1], '"b"']],
      "messages",
    );
  }],
  ["unadvertise", "must", "A topic that is not published on any more is taken away by its id", async (stage) => {
    const end = await stage.ready({ info: PUBLISH });
    stage.tell(goal("1", "/other"));
    stage.tell(goal("1"));
    const { id } = await advertised(end, "/goal");
    await published(end);
    stage.tell({ do: "unadvertise", topic: "/goal" });
    same((await end.expect("unadvertise")).channelIds, [id], "channelIds");
  }],
  [
    "unsupported-encoding",
    "must",
    "Nothing is published in an encoding that the server does not take",
    async (stage) => {
      const end = await stage.ready({ info: { capabilities: ["clientPublish"], supportedEncodings: ["cdr"] } });
      stage.tell(goal('{"x":1}'));
      await stage.settled(end);
      none([...end.heard("advertise"), ...end.heard(1)], "message on it");
    },
  ],
]);

const services = driven("services", spec("Service Call Request"), [
  [
    "call",
    "must",
    "A call has the id of its service, an encoding and the request; its response arrives",
    (stage) => echoes(stage, ECHO),
  ],
  [
    "legacy-schemas",
    "must",
    "A service may have requestSchema and responseSchema instead of request and response",
    (stage) => {
      const { request: _, response: __, ...rest } = ECHO;
      return echoes(stage, { ...rest, requestSchema: "", responseSchema: "" });
    },
  ],
  ["large-id", "must", "A service may have id 4294967295", (stage) => echoes(stage, { ...ECHO, id: 0xffff_ffff })],
  ["out-of-order", "must", "Responses may come in any order: the call id says whose they are", async (stage) => {
    const end = await serving(stage, ECHO);
    const first = await called(stage, end, '{"n":1}');
    const second = await called(stage, end, '{"n":2}');
    check(first.call.callId !== second.call.callId, "two call ids", first.call.callId);
    end.send(serviceResponse(second.call, '{"to":2}'), serviceResponse(first.call, '{"to":1}'));
    same((await stage.answered(second.tag)).data, '{"to":2}', "answer to the second call");
    same((await stage.answered(first.tag)).data, '{"to":1}', "answer to the first call");
  }],
  ["failure", "must", "A serviceCallFailure fails the call, with its message", async (stage) => {
    const end = await serving(stage, ECHO);
    const { tag, call } = await called(stage, end, "{}");
    const { serviceId, callId } = call;
    end.send({ op: "serviceCallFailure", serviceId, callId, message: "the arm is stuck" });
    const { message } = await stage.answered(tag, "failure");
    check(String(message).includes("the arm is stuck"), 'a failure with "the arm is stuck"', message);
  }],
  [
    "several-messages",
    "must",
    "Services of all advertiseServices messages are there, until they are unadvertised",
    async (stage) => {
      const end = await serving(stage, { ...ECHO, id: 1, name: "/first" });
      end.send({ op: "advertiseServices", services: [ECHO] }, { op: "unadvertiseServices", serviceIds: [1] });
      await stage.settled(end);
      const { call } = await called(stage, end, "{}");
      same(call.serviceId, ECHO.id, "serviceId");
    },
  ],
]);

const PARAMETERS = { capabilities: ["parameters", "parametersSubscribe"] };
const GAIN = { name: "gain", value: 1.5, type: "float64" };

async function setting(stage: Stage, ...parameters: { name: string; value?: unknown; type?: string }[]) {
  const end = await stage.ready({ info: PARAMETERS });
  const tag = stage.tag();
  stage.tell({ do: "setParameters", tag, parameters });
  const message = await end.expect("setParameters");
  return { end, tag, message };
}

/** Whether they are what was to be set, with or without a type where JSON needs none. */
function sets(parameter: { name: string; value?: unknown; type?: string }) {
  return async (stage: Stage): Promise<void> => {
    const { message } = await setting(stage, parameter);
    same(message.parameters, [parameter], "parameters");
  };
}

const parameters = driven("parameters", spec("Set Parameters: and Get Parameters"), [
  [
    "get",
    "must",
    "Parameters are asked for by name, and the answer with the id of the request is its answer",
    async (stage) => {
      const end = await stage.ready({ info: PARAMETERS });
      const tag = stage.tag();
      stage.tell({ do: "getParameters", tag, names: ["gain"] });
      const { parameterNames, id } = await end.expect("getParameters");
      same(parameterNames, ["gain"], "parameterNames");
      end.send({ op: "parameterValues", parameters: [GAIN], id });
      check(
        JSON.stringify((await stage.answered(tag)).parameters).includes("1.5"),
        "gain 1.5",
        await stage.reports("answer"),
      );
    },
  ],
  ["get-all", "must", "All parameters are asked for by an empty list", async (stage) => {
    const end = await stage.ready({ info: PARAMETERS });
    stage.tell({ do: "getParameters", tag: stage.tag(), names: [] });
    same((await end.expect("getParameters")).parameterNames, [], "parameterNames");
  }],
  ["out-of-order", "must", "Answers may come in any order: the id says whose they are", async (stage) => {
    const end = await stage.ready({ info: PARAMETERS });
    const asked: { tag: string; id: unknown }[] = [];
    for (const name of ["a", "b"]) {
      const tag = stage.tag();
      stage.tell({ do: "getParameters", tag, names: [name] });
      asked.push({ tag, id: (await end.expect("getParameters")).id });
    }
    const [a, b] = asked;
    end.send({ op: "parameterValues", parameters: [{ name: "b", value: "of b" }], id: b!.id });
    end.send({ op: "parameterValues", parameters: [{ name: "a", value: "of a" }], id: a!.id });
    for (const [name, { tag }] of [["b", b!], ["a", a!]] as const) {
      const { parameters } = await stage.answered(tag);
      check(JSON.stringify(parameters).includes(`of ${name}`), `the value of ${name}`, parameters);
    }
  }],
  [
    "set-float",
    "must",
    "A float is set with type float64, also where it is a whole number",
    sets({ name: "gain", value: 2, type: "float64" }),
  ],
  [
    "set-floats",
    "must",
    "An array of floats is set with its type",
    sets({ name: "gains", value: [1, 2.5], type: "float64_array" }),
  ],
  ["set-bytes", "must", "Bytes are set as padded base64", sets({ name: "map", value: "AP8=", type: "byte_array" })],
  ["set-text", "must", "A text is set as it is", sets({ name: "mode", value: "Grüße" })],
  ["set-flag", "must", "A boolean is set as it is", sets({ name: "on", value: false })],
  ["delete", "must", "A parameter is deleted by leaving its value out", async (stage) => {
    const { message } = await setting(stage, { name: "gain" });
    const [entry] = message.parameters as JsonObject[];
    same([entry?.name, entry !== undefined && "value" in entry], ["gain", false], "name, and whether there is a value");
  }],
  [
    "set-answer",
    "should",
    "The answer to setParameters has the values in force, which may be others",
    async (stage) => {
      const { end, tag, message } = await setting(stage, { name: "gain", value: 7, type: "float64" });
      check(message.id !== undefined, "an id, to be answered by", message);
      end.send({ op: "parameterValues", parameters: [GAIN], id: message.id });
      const { parameters } = await stage.answered(tag);
      check(JSON.stringify(parameters).includes("1.5"), "gain 1.5", parameters);
    },
  ],
  ["updates", "must", "Updates are subscribed to by name, and arrive", async (stage) => {
    const end = await stage.ready({ info: PARAMETERS });
    stage.tell({ do: "subscribeParameters", names: ["gain"] });
    same((await end.expect("subscribeParameterUpdates")).parameterNames, ["gain"], "parameterNames");
    end.send({ op: "parameterValues", parameters: [GAIN] });
    await stage.reported(
      "parameters",
      '{"got":"parameters",…} with gain 1.5',
      (report) => JSON.stringify(report).includes("1.5"),
    );
  }],
  ["updates-end", "must", "Updates are unsubscribed from by name", async (stage) => {
    const end = await stage.ready({ info: PARAMETERS });
    stage.tell({ do: "subscribeParameters", names: ["gain"] });
    await end.expect("subscribeParameterUpdates");
    stage.tell({ do: "unsubscribeParameters", names: ["gain"] });
    same((await end.expect("unsubscribeParameterUpdates")).parameterNames, ["gain"], "parameterNames");
  }],
  [
    "odd-values",
    "should",
    "Values that are not set, null for a number that JSON cannot say, nested ones, and deleted ones end nothing",
    async (stage) => {
      const { end } = await stage.subscribed({ info: PARAMETERS });
      stage.tell({ do: "subscribeParameters", names: ["gain"] });
      await end.expect("subscribeParameterUpdates");
      const nested = { name: "gain", value: { a: [1, { b: ["c", true] }] } };
      for (const gain of [{ ...GAIN, value: null }, { name: "gain" }, nested]) {
        end.send({ op: "parameterValues", parameters: [gain] });
      }
      await stage.alive(end, "odd values of a parameter");
    },
  ],
]);

export const requests: readonly ClientCase[] = [...publishing, ...services, ...parameters];
