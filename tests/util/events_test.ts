import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { type ErrorEvent, type EventMap, Events, guard } from "../../src/util/events.ts";
import { test } from "../support/test.ts";

interface Map extends EventMap {
  count: number;
  name: string;
}

/** Events, and what their `error` event got. */
function watched(): { events: Events<Map>; errors: ErrorEvent[] } {
  const events = new Events<Map>();
  const errors: ErrorEvent[] = [];
  events.on("error", (event) => errors.push(event));
  return { events, errors };
}

/** What `console.error` is called with while `body` runs. */
async function consoleErrors(body: () => void | Promise<void>): Promise<unknown[][]> {
  const original = console.error;
  const calls: unknown[][] = [];
  console.error = (...args: unknown[]) => calls.push(args);
  try {
    await body();
  } finally {
    console.error = original;
  }
  return calls;
}

test("emit() calls every listener of the type, in the order in which they came", () => {
  const events = new Events<Map>();
  const heard: string[] = [];
  events.on("count", (count) => heard.push(`first ${count}`));
  events.on("count", (count) => heard.push(`second ${count}`));
  events.on("name", (name) => heard.push(name));
  events.emit("count", 1);
  assertEquals(heard, ["first 1", "second 1"]);
});

test("a listener that was added twice is called once", () => {
  const events = new Events<Map>();
  let calls = 0;
  const listener = () => calls++;
  events.on("count", listener);
  events.on("count", listener);
  events.emit("count", 1);
  assertEquals(calls, 1);
});

test("off() removes a listener, and one that was never added is no error", () => {
  const { events } = watched();
  const listener = () => {
    throw new Error("still called");
  };
  events.off("count", listener);
  events.on("count", listener);
  events.off("count", listener);
  assertFalse(events.has("count"));
  events.emit("count", 1);
});

test("the Disposable of on() removes the listener, as often as it is disposed", () => {
  const events = new Events<Map>();
  const heard: number[] = [];
  const subscription = events.on("count", (count) => heard.push(count));
  events.emit("count", 1);
  subscription[Symbol.dispose]();
  subscription[Symbol.dispose]();
  events.emit("count", 2);
  assertEquals(heard, [1]);
});

test("has() says whether anyone listens", () => {
  const events = new Events<Map>();
  assertFalse(events.has("count"));
  const subscription = events.on("count", () => {});
  assert(events.has("count"));
  assertFalse(events.has("name"));
  subscription[Symbol.dispose]();
  assertFalse(events.has("count"));
});

test("a listener may remove itself and others, and add some, while it is called", () => {
  const events = new Events<Map>();
  const heard: string[] = [];
  const first = events.on("count", () => {
    heard.push("first");
    first[Symbol.dispose]();
    events.on("count", () => heard.push("late"));
  });
  events.on("count", () => heard.push("second"));
  events.emit("count", 1);
  assertEquals(heard, ["first", "second"]);
  events.emit("count", 2);
  assertEquals(heard, ["first", "second", "second", "late"]);
});

test("a listener that throws harms neither the others nor the emitter, and is raised as an error event", () => {
  const { events, errors } = watched();
  const thrown = new Error("no");
  const heard: number[] = [];
  events.on("count", () => {
    throw thrown;
  });
  events.on("count", (count) => heard.push(count));
  events.emit("count", 1);
  assertEquals(heard, [1]);
  assertEquals(errors, [{ error: thrown, during: 'listener of "count"' }]);
});

test("a listener that rejects is raised as an error event", async () => {
  const events = new Events<Map>();
  const thrown = new Error("later");
  const raised = new Promise<ErrorEvent>((resolve) => events.on("error", resolve));
  events.on("count", () => Promise.reject(thrown));
  events.emit("count", 1);
  assertEquals(await raised, { error: thrown, during: 'listener of "count"' });
});

test("an error event that nobody listens to is written with console.error", async () => {
  const error = new Error("lost");
  const calls = await consoleErrors(() => new Events<Map>().emit("error", { error, during: "step" }));
  assertEquals(calls, [["Foxwire: error in step:", error]]);
});

test("an error event that somebody listens to is not written", async () => {
  const { events, errors } = watched();
  const calls = await consoleErrors(() => events.emit("error", { error: 1, during: "step" }));
  assertEquals(calls, []);
  assertEquals(errors, [{ error: 1, during: "step" }]);
});

test("an error listener that throws is written, and does not call itself again", async () => {
  const events = new Events<Map>();
  const thrown = new Error("in the listener");
  let calls = 0;
  events.on("error", () => {
    calls++;
    throw thrown;
  });
  const written = await consoleErrors(() => events.emit("error", { error: 1, during: "step" }));
  assertEquals(calls, 1);
  assertEquals(written, [['Foxwire: error in listener of "error":', thrown]]);
});

test("guard() hands over what is thrown or rejected, and nothing else", async () => {
  const errors: unknown[] = [];
  guard(() => "fine", (error) => errors.push(error));
  guard(() => Promise.resolve("fine"), (error) => errors.push(error));
  guard(() => {
    throw 1;
  }, (error) => errors.push(error));
  assertEquals(errors, [1]);
  const rejected = await new Promise((resolve) => guard(() => Promise.reject(2), resolve));
  assertStrictEquals(rejected, 2);
});
