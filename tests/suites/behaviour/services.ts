/** Rows of "Server: messages": service calls, each of which is answered. */
import { assertEquals, assertMatch } from "@std/assert";
import type { FoxgloveServer } from "../../../src/server/server.ts";
import { deferred } from "../../../src/util/async.ts";
import { readServiceResponse, serviceCall } from "../../support/raw_bytes.ts";
import type { Received } from "../../support/raw_client.ts";
import { nextEvent } from "../../support/wire_client.ts";
import { type On, takeErrors } from "./scene.ts";

const NEVER = () => new Promise<never>(() => {});
const JSON_BOTH = { request: { encoding: "json" }, response: { encoding: "json" } };

/** Declares the tests. */
export function serviceRows(on: On): void {
  answers(on);
  refusals(on);
  failures(on);
}

function failure(serviceId: number, callId: number, message: string) {
  return { op: "serviceCallFailure", serviceId, callId, message };
}

/** What the only answer says; fails unless it is a failure of this call. */
function failureText(answers: Received[], serviceId: number, callId: number): string {
  const [answer] = answers as { message?: string }[];
  const text = answer?.message ?? "";
  assertEquals(answers, [failure(serviceId, callId, text)]);
  assertMatch(text, /^[A-Z]/);
  return text;
}

const add = (server: FoxgloveServer) =>
  server.service("/add", JSON_BOTH, ({ a, b }: { a: number; b: number }) => ({ sum: a + b }));

function answers(on: On): void {
  on("service call: the answer has both ids and the encoding of the service", async ({ server, client }) => {
    const { id } = add(server);
    const viewer = await client();
    viewer.send(serviceCall(id, 77, "json", '{"a":1,"b":2}'));
    const answer = { serviceId: id, callId: 77, encoding: "json", payload: '{"sum":3}' };
    assertEquals(readServiceResponse(await viewer.expectBinary()), answer);
  });

  on("service call: without an encoding of its own the answer has that of the request", async ({ server, client }) => {
    const { id } = server.service("/echo", {}, (_request, { data }) => Promise.resolve(data));
    const viewer = await client();
    viewer.send(serviceCall(id, 0, "cdr", "bytes"));
    const answer = { serviceId: id, callId: 0, encoding: "cdr", payload: "bytes" };
    assertEquals(readServiceResponse(await viewer.expectBinary()), answer);
  });
}

function refusals(on: On): void {
  on("service call, no capability: serviceCallFailure", async ({ client }) => {
    const viewer = await client();
    const answer = await viewer.ask(serviceCall(1, 2, "json", "{}"));
    assertEquals(answer, [failure(1, 2, "Server does not support services capability")]);
  });

  on("service call, unknown service: serviceCallFailure", async ({ server, client }) => {
    const { id } = add(server);
    const viewer = await client();
    failureText(await viewer.ask(serviceCall(id + 1, 2, "json", "{}")), id + 1, 2);
  });

  on("service call, hidden service: the same answer as of an unknown one", async ({ server, client }) => {
    const { id } = add(server);
    const viewer = await client();
    assertEquals(viewer.greeting.length, 2);
    const text = failureText(await viewer.ask(serviceCall(id, 2, "json", "{}")), id, 2);
    const unknown = failureText(await viewer.ask(serviceCall(99, 2, "json", "{}")), 99, 2);
    assertEquals(text, unknown.replace("99", `${id}`));
  }, { permissions: { call: () => false } });

  on("service call, encoding not accepted: serviceCallFailure", async ({ server, client }) => {
    const { id } = add(server);
    const viewer = await client();
    assertMatch(failureText(await viewer.ask(serviceCall(id, 3, "cdr", "")), id, 3), /"cdr"/);
  });

  on("service call, request that is no JSON: serviceCallFailure", async ({ server, client }) => {
    const { id } = add(server);
    const viewer = await client();
    failureText(await viewer.ask(serviceCall(id, 3, "json", "{")), id, 3);
  });

  on("service call, too many in flight (32): serviceCallFailure for the 33rd alone", async ({ server, client }) => {
    const answers: ((value: string) => void)[] = [];
    const { id } = server.service("/slow", {}, () => new Promise<string>((resolve) => answers.push(resolve)));
    const viewer = await client();
    const call = (callId: number) => serviceCall(id, callId, "json", "1");
    failureText(await viewer.ask(...Array.from({ length: 33 }, (_, i) => call(i))), id, 32);
    for (const [i, answer] of answers.entries()) {
      answer("late");
      assertEquals(readServiceResponse(await viewer.expectBinary()).callId, i);
    }
    // There is room again.
    assertEquals(await viewer.ask(call(40)), []);
    assertEquals(answers.length, 33);
  });

  on("service call, call id in flight: serviceCallFailure, and the first call goes on", async ({ server, client }) => {
    let answer = (_value: string) => {};
    const { id } = server.service("/slow", {}, () => new Promise<string>((resolve) => answer = resolve));
    const viewer = await client();
    failureText(await viewer.ask(serviceCall(id, 1, "json", "1"), serviceCall(id, 1, "json", "2")), id, 1);
    answer("first");
    assertEquals(readServiceResponse(await viewer.expectBinary()).payload, '"first"');
  });
}

function failures(on: On): void {
  const throwers = {
    throws: () => {
      throw new Error("Out of battery");
    },
    rejects: () => Promise.reject(new Error("Out of battery")),
  };
  for (const [how, handler] of Object.entries(throwers)) {
    on(`service call, handler ${how}: its message is the text of the failure`, async (scene) => {
      const { id } = scene.server.service("/fail", {}, handler);
      const viewer = await scene.client();
      viewer.send(serviceCall(id, 5, "json", "{}"));
      assertEquals(await viewer.next(), failure(id, 5, "Out of battery"));
      assertEquals(await viewer.settle(), []);
      assertEquals(takeErrors(scene), ['service "/fail": Out of battery']);
    });
  }

  on("service call, answer that cannot be encoded: serviceCallFailure", async (scene) => {
    const { id } = scene.server.service("/odd", {}, () => 1n);
    const viewer = await scene.client();
    viewer.send(serviceCall(id, 5, "json", "{}"));
    failureText([await viewer.next()], id, 5);
    assertEquals(takeErrors(scene).length, 1);
  });

  on("service call, time limit: serviceCallFailure, and the handler is told", async ({ server, client }) => {
    const reasons: unknown[] = [];
    const { id } = server.service("/slow", { timeoutMs: 5 }, (_request, { signal }) => {
      signal.addEventListener("abort", () => reasons.push(signal.reason.code));
      return NEVER();
    });
    const viewer = await client();
    viewer.send(serviceCall(id, 5, "json", "{}"));
    failureText([await viewer.next()], id, 5);
    assertEquals(reasons, ["timeout"]);
  });

  on("service call, time limit: 30 s by default", ({ server }) => {
    assertEquals(server.limits.serviceMs, 30_000);
    return Promise.resolve();
  });

  on("service call, service goes away: serviceCallFailure before unadvertiseServices", async ({ server, client }) => {
    const service = server.service("/slow", {}, NEVER);
    const viewer = await client();
    await viewer.ask(serviceCall(service.id, 5, "json", "{}"));
    service.close();
    failureText([await viewer.next()], service.id, 5);
    assertEquals(await viewer.next(), { op: "unadvertiseServices", serviceIds: [service.id] });
  });

  on("service call, server closes: serviceCallFailure before the Close frame", async ({ server, client }) => {
    const { id } = server.service("/slow", {}, NEVER);
    const viewer = await client();
    await viewer.ask(serviceCall(id, 5, "json", "{}"));
    const closed = server.close();
    failureText([await viewer.next()], id, 5);
    assertEquals((await viewer.socket.readClose()).code, 1001);
    viewer.socket.finish();
    await closed;
  });

  on("service call, client leaves: the handler is told", async ({ server, client }) => {
    const told = deferred<string>();
    const { id } = server.service("/slow", {}, (_request, { signal }) => {
      signal.addEventListener("abort", () => told.resolve(signal.reason.message));
      return NEVER();
    });
    const viewer = await client();
    await viewer.ask(serviceCall(id, 5, "json", "{}"));
    const gone = nextEvent(server, "disconnect");
    viewer.socket.reset();
    assertEquals(await told.promise, "Client has left");
    await gone;
  });
}
