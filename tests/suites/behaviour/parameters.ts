/** Rows of "Server: messages": parameters. */
import { assertEquals, assertMatch } from "@std/assert";
import type { FoxgloveServer } from "../../../src/server/server.ts";
import { errorText, status } from "../../support/raw_client.ts";
import type { On } from "./scene.ts";

/** Declares the tests. */
export function parameterRows(on: On): void {
  withoutCapability(on);
  getting(on);
  setting(on);
  rejecting(on);
  updates(on);
}

const GAIN = { name: "gain", value: 1, type: "float64" };
const MODE = { name: "mode", value: "slow" };

function declared(server: FoxgloveServer): void {
  server.parameters.declare("gain", { value: 1, type: "float64" });
  server.parameters.set("mode", "slow");
}

function get(parameterNames: string[], id?: string): object {
  return { op: "getParameters", parameterNames, id };
}

function set(parameters: object[], id?: string): object {
  return { op: "setParameters", parameters, id };
}

function watch(...parameterNames: string[]): object {
  return { op: "subscribeParameterUpdates", parameterNames };
}

function values(parameters: object[], id?: string) {
  return { op: "parameterValues", parameters, ...(id === undefined ? {} : { id }) };
}

function withoutCapability(on: On): void {
  const table: [request: object, capability: string][] = [
    [get([], "1"), "parameters"],
    [set([GAIN], "1"), "parameters"],
    [watch("gain"), "parametersSubscribe"],
    [{ op: "unsubscribeParameterUpdates", parameterNames: ["gain"] }, "parametersSubscribe"],
  ];
  for (const [request, capability] of table) {
    on(`${(request as { op: string }).op} without capability: E`, async ({ client }) => {
      const viewer = await client();
      const text = `Server does not support ${capability} capability`;
      assertEquals(await viewer.ask(request), [status("error", text)]);
    });
  }
}

function getting(on: On): void {
  on("getParameters: parameterValues with the request's id, if any", async ({ server, client }) => {
    declared(server);
    const viewer = await client();
    assertEquals(await viewer.ask(get(["gain"], "my id")), [values([GAIN], "my id")]);
    assertEquals(await viewer.ask(get(["gain"], "")), [values([GAIN], "")]);
    assertEquals(await viewer.ask(get(["mode"])), [values([MODE])]);
  });

  on("getParameters: unknown names are left out", async ({ server, client }) => {
    declared(server);
    const viewer = await client();
    assertEquals(await viewer.ask(get(["fog", "mode", "mode"], "1")), [values([MODE], "1")]);
    assertEquals(await viewer.ask(get(["fog"], "2")), [values([], "2")]);
  });

  on("getParameters: [] is all", async ({ server, client }) => {
    declared(server);
    const viewer = await client();
    assertEquals(await viewer.ask(get([], "1")), [values([GAIN, MODE], "1")]);
  });

  on("getParameters: every kind of value has its type", async ({ server, client }) => {
    const bytes = new Uint8Array([1, 2, 255]);
    const given = { bytes, list: [1, 2.5], nested: { a: [1, { b: true }] }, flag: false, text: "", nan: NaN };
    for (const [name, value] of Object.entries(given)) server.parameters.set(name, value);
    const viewer = await client();
    const all = [
      { name: "bytes", value: "AQL/", type: "byte_array" },
      { name: "list", value: [1, 2.5], type: "float64_array" },
      { name: "nested", value: { a: [1, { b: true }] } },
      { name: "flag", value: false },
      { name: "text", value: "" },
      { name: "nan", value: null, type: "float64" },
    ];
    assertEquals(await viewer.ask(get([], "1")), [values(all, "1")]);
  });
}

function setting(on: On): void {
  on("setParameters: the reply has the values now in force if the request had an id", async ({ server, client }) => {
    declared(server);
    const viewer = await client();
    const wanted = [{ name: "gain", value: 2 }, { name: "mode", value: "fast" }];
    const now = [{ ...GAIN, value: 2 }, { name: "mode", value: "fast" }];
    assertEquals(await viewer.ask(set(wanted, "1")), [values(now, "1")]);
    assertEquals([server.parameters.get("gain"), server.parameters.get("mode")], [2, "fast"]);
    assertEquals(await viewer.ask(set([{ name: "gain", value: 3 }])), []);
    assertEquals(server.parameters.get("gain"), 3);
  });

  on("setParameters: every subscriber gets one update, but a requester that got a reply", async (scene) => {
    declared(scene.server);
    const [setter, watcher, stranger] = [await scene.client(), await scene.client(), await scene.client()];
    for (const viewer of [setter, watcher]) assertEquals(await viewer.ask(watch("gain", "mode")), []);
    const wanted = [{ name: "gain", value: 2 }, { name: "mode", value: "fast" }];
    const now = [{ ...GAIN, value: 2 }, { name: "mode", value: "fast" }];
    assertEquals(await setter.ask(set(wanted, "1")), [values(now, "1")]);
    assertEquals(await watcher.settle(), [values(now)]);
    // Without a reply the requester is a subscriber like any other.
    assertEquals(await setter.ask(set([{ ...GAIN, value: 3 }])), [values([{ ...GAIN, value: 3 }])]);
    assertEquals(await watcher.settle(), [values([{ ...GAIN, value: 3 }])]);
    assertEquals(await stranger.settle(), []);
  });

  on("setParameters: a deleted parameter goes out as {name}, in the reply too", async ({ server, client }) => {
    declared(server);
    const [setter, watcher] = [await client(), await client()];
    await watcher.ask(watch());
    assertEquals(await setter.ask(set([{ name: "mode" }], "1")), [values([{ name: "mode" }], "1")]);
    assertEquals(await watcher.settle(), [values([{ name: "mode" }])]);
    assertEquals(await setter.ask(get([], "2")), [values([GAIN], "2")]);
    assertEquals(server.parameters.has("mode"), false);
    server.parameters.delete("gain");
    assertEquals(await watcher.next(), values([{ name: "gain" }]));
  });

  on("setParameters: a new name creates a parameter", async ({ client }) => {
    const viewer = await client();
    const created = { name: "new", value: [1, 2] };
    assertEquals(await viewer.ask(set([created], "1"), get([], "2")), [values([created], "1"), values([created], "2")]);
  }, { parameters: {} });

  on("setParameters: a new name is rejected when the store says no", async ({ client }) => {
    const viewer = await client();
    const answer = await viewer.ask(set([{ name: "new", value: 1 }], "1"));
    const text = "Parameter new was not set: clients cannot create parameters";
    assertEquals(answer, [status("error", text), values([{ name: "new" }], "1")]);
  }, { parameters: { clientsCreate: false } });

  on("setParameters: value null is NaN with type float64, else wrong", async ({ server, client }) => {
    declared(server);
    const viewer = await client();
    const nan = { ...GAIN, value: null };
    assertEquals(await viewer.ask(set([nan], "1")), [values([nan], "1")]);
    assertEquals(server.parameters.get("gain"), NaN);
    const [invalid, reply] = await viewer.ask(set([{ name: "mode", value: null }], "2"));
    const text = "Invalid message: Cannot decode setParameters: parameters[0].value is null, " +
      "need a finite number, boolean, string, array or object";
    assertEquals([invalid, reply], [status("error", text), values([], "2")]);
    assertEquals(server.parameters.get("mode"), "slow");
  });
}

function rejecting(on: On): void {
  on("setParameters: a rejected one keeps its value and raises E, the others are applied", async (scene) => {
    const { server, client } = scene;
    declared(server);
    const validate = ({ value }: { value: unknown }) => value as number < 9 ? undefined : "it is too large";
    server.parameters.declare("size", { value: 1, validate });
    server.parameters.declare("serial", { value: "A", readOnly: true });
    const [viewer, watcher] = [await client(), await client()];
    await watcher.ask(watch());
    const wanted = [
      { name: "size", value: 9 },
      { name: "serial", value: "B" },
      { name: 5, value: 1 },
      { name: "mode", value: "fast" },
    ];
    const [size, serial, invalid, reply, ...rest] = await viewer.ask(set(wanted, "1"));
    assertEquals([size, serial], [
      status("error", "Parameter size was not set: it is too large"),
      status("error", "Parameter serial was not set: it is read-only"),
    ]);
    const text = "Invalid message: Cannot decode setParameters: parameters[2].name is number 5, need a string";
    assertEquals(invalid, status("error", text));
    const now = [{ name: "size", value: 1 }, { name: "serial", value: "A" }, { name: "mode", value: "fast" }];
    assertEquals(reply, values(now, "1"));
    assertEquals(rest, []);
    assertEquals(await watcher.settle(), [values([{ name: "mode", value: "fast" }])]);
  });

  on("setParameters: a value of another type is rejected with E", async ({ server, client }) => {
    declared(server);
    const viewer = await client();
    const [refused, reply] = await viewer.ask(set([{ name: "gain", value: "high" }], "1"));
    const { message } = refused as { message?: string };
    assertEquals(refused, status("error", message!));
    assertEquals(message!.startsWith("Parameter gain was not set: "), true);
    assertEquals(reply, values([GAIN], "1"));
  });

  on("more than 32 parameter requests in flight: E Too many parameter requests, not applied", async (scene) => {
    const { server, client } = scene;
    const verdicts: (() => void)[] = [];
    const validate = () => new Promise<undefined>((resolve) => verdicts.push(() => resolve(undefined)));
    server.parameters.declare("slow", { value: 0, validate });
    const viewer = await client();
    const wish = (value: number) => set([{ name: "slow", value }], `${value}`);
    const answer = await viewer.ask(...Array.from({ length: 33 }, (_, i) => wish(i + 1)));
    assertEquals(answer, [status("error", "Too many parameter requests")]);
    for (let value = 1; value <= 32; value++) {
      verdicts.shift()!();
      assertEquals(await viewer.next(), values([{ name: "slow", value }], `${value}`));
    }
    assertEquals([server.parameters.get("slow"), verdicts.length], [32, 0]);
    // There is room again.
    await viewer.ask(wish(34));
    assertEquals(verdicts.length, 1);
  });
}

function updates(on: On): void {
  on("subscribeParameterUpdates: names, no value on subscribing, own code's changes once a turn", async (scene) => {
    const { server } = scene;
    declared(server);
    const watcher = await scene.client();
    assertEquals(await watcher.ask(watch("gain", "later")), []);
    server.parameters.set("gain", 2);
    server.parameters.set("gain", 3);
    server.parameters.set("mode", "unseen");
    server.parameters.set("later", true);
    assertEquals(await watcher.next(), values([{ ...GAIN, value: 3 }, { name: "later", value: true }]));
    assertEquals(await watcher.settle(), []);
  });

  on("subscribeParameterUpdates []: all, present and future", async ({ server, client }) => {
    declared(server);
    const watcher = await client();
    assertEquals(await watcher.ask(watch()), []);
    server.parameters.set("mode", "fast");
    server.parameters.set("future", 1);
    assertEquals(await watcher.next(), values([{ name: "mode", value: "fast" }, { name: "future", value: 1 }]));
  });

  on("unsubscribeParameterUpdates: these names, with [] any", async ({ server, client }) => {
    declared(server);
    const [some, none] = [await client(), await client()];
    const unwatch = (...parameterNames: string[]) => ({ op: "unsubscribeParameterUpdates", parameterNames });
    assertEquals(await some.ask(watch(), unwatch("gain")), []);
    assertEquals(await none.ask(watch("gain"), watch(), unwatch()), []);
    server.parameters.set("gain", 2);
    server.parameters.set("mode", "fast");
    assertEquals(await some.next(), values([{ name: "mode", value: "fast" }]));
    assertEquals(await none.settle(), []);
  });

  on("getParameters, batch: a bad name is answered for itself and stops no other", async ({ server, client }) => {
    declared(server);
    const viewer = await client();
    const [invalid, ...rest] = await viewer.ask({ op: "getParameters", parameterNames: [5, "mode"], id: "1" });
    assertMatch(errorText(invalid), /^Invalid message: .*getParameters: parameterNames\[0\] is number 5/);
    assertEquals(rest, [values([MODE], "1")]);
  });

  on("subscribeParameterUpdates, batch: with nothing but bad names it is no [] for all", async ({ server, client }) => {
    declared(server);
    const [nothing, mode] = [await client(), await client()];
    const watchBadly = (...parameterNames: unknown[]) => ({ op: "subscribeParameterUpdates", parameterNames });
    assertEquals((await nothing.ask(watchBadly(5))).length, 1);
    assertEquals((await mode.ask(watchBadly(null, "mode", 5))).length, 2);
    server.parameters.set("gain", 2);
    server.parameters.set("mode", "fast");
    assertEquals(await mode.next(), values([{ name: "mode", value: "fast" }]));
    assertEquals(await nothing.settle(), []);
  });
}
