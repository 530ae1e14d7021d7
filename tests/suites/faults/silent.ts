/** A line that goes silent without an end: both sides notice, what was held is released, and all stands again. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { FoxgloveClient } from "../../../client.ts";
import { within } from "../../../src/util/async.ts";
import { ConnectionError, TimeoutError } from "../../../src/util/errors.ts";
import { LIMIT_MS, type On, type Scene, until } from "./scene.ts";

const IDLE = 500;
const LOST = `No sign of life for ${IDLE} ms`;

/** Gives a client something of everything. @returns What came on each. */
function open(client: FoxgloveClient): { heard: Set<string>; call: Promise<unknown> } {
  const heard = new Set<string>();
  const read = async (what: string, feed: AsyncIterable<unknown>) => {
    for await (const _ of feed) heard.add(what);
  };
  read("message", client.subscribe("/pose")).catch(() => heard.add("error"));
  read("parameter", client.parameterUpdates(["gain"])).catch(() => heard.add("error"));
  read("graph", client.connectionGraph()).catch(() => heard.add("error"));
  read("time", client.timeUpdates()).catch(() => heard.add("error"));
  const publisher = client.publisher({ topic: "/cmd", encoding: "json" });
  const timer = setInterval(() => publisher.publish("go"), 20);
  client.on("close", () => clearInterval(timer));
  const call = client.callService("/never").catch((error: unknown) => error);
  return { heard, call };
}

/** A server that says something on everything, again and again. */
function talk({ server, every }: Scene): void {
  const pose = server.channel("/pose", { encoding: "json" });
  server.service("/never", {}, () => new Promise(() => {}));
  let n = 0;
  every(20, () => {
    pose.publish(n);
    server.time(BigInt(n));
    server.parameters.set("gain", n++);
  });
}

const EVERYTHING = ["graph", "message", "parameter", "time"];

/** Declares the tests. */
export function silentRows(on: On): void {
  on("a line that goes silent is noticed at both ends, and everything stands again on the next connection", async (
    scene,
  ) => {
    const { server, proxy, traits, events, client, witness } = scene;
    talk(scene);
    const other = await witness();
    const victim = await client({ limits: { idleMs: IDLE, closeMs: 100 } });
    const { heard, call } = open(victim);
    await until("first of everything", () => EVERYTHING.every((what) => heard.has(what)));
    await until("message of the client", () => events.some((event) => event.startsWith("message 2 /cmd")));
    const lost: string[] = [];
    victim.on("state", (state) => state.status === "reconnecting" && lost.push(String(state.error)));
    const resumed = new Promise((resolve) => victim.on("resumed", resolve));
    proxy.mute();
    await within(resumed, "second connection", { timeoutMs: LIMIT_MS });
    assertInstanceOf(await call, ConnectionError);
    assert(lost[0]?.includes(`code 1006, "${LOST}"`), `${lost}`);
    heard.clear();
    await until("everything again", () => EVERYTHING.every((what) => heard.has(what)));
    await until("its messages again", () => events.some((event) => event.startsWith("message 3 /cmd")));
    await other.sees(50);
    if (traits.pings) {
      await until("end of the first one", () => events.includes("disconnect 2 1006"));
      const released = events.filter((event) => /^(un|dis)\w+ 2 /.test(event));
      assertEquals(released, ["unsubscribe 2 /pose", "unadvertise 2 /cmd", "disconnect 2 1006"]);
      assertEquals([...server.clients].filter(({ id }) => id === 2), []);
    }
    assertEquals(heard.has("error"), false);
  }, { limits: { idleMs: IDLE } });

  on("a line that goes silent at any moment of a connection's beginning is given up in time", async (
    { server, proxy, traits, events, client, witness },
  ) => {
    server.channel("/pose", { encoding: "json" });
    const other = await witness();
    // In the request, in its answer, in serverInfo: there is nothing yet.
    for (const faults of [{ up: 0 }, { up: 60 }, { down: 0 }, { down: 40 }, { down: 200 }]) {
      const [[direction, after]] = Object.entries(faults) as [["up" | "down", number]];
      proxy.faults = { [direction]: { after, how: "silence" } };
      const error = await assertRejects(() => client({ timeoutMs: 200 }));
      assertInstanceOf(error, TimeoutError, `${direction} ${after}: ${error}`);
    }
    await other.sees(20);
    // The server has accepted those whose answer was on its way.
    if (traits.pings) await until("end of them", () => server.clients.size === 1);
    assertEquals(events.filter((event) => event.startsWith("connect")).length >= 3, true);
  }, { limits: { idleMs: IDLE } });

  on("a client that reconnects into a silent line gives that up too, and gets through in the end", async (
    { server, proxy, client },
  ) => {
    server.channel("/pose", { encoding: "json" });
    server.service("/now", {}, () => true);
    const victim = await client({ limits: { idleMs: IDLE, connectMs: 200, closeMs: 100 } });
    // Behind its first sign of life, as answers come in order: from here on it is known to give some.
    await victim.callService("/now");
    const attempts: unknown[] = [];
    victim.on("state", (state) => state.status === "reconnecting" && attempts.push(state.error));
    const downs = [0, 60, 150, 300];
    proxy.faults = { down: { after: downs[0]!, how: "silence" } };
    victim.on("state", ({ status }) => {
      if (status !== "reconnecting") return;
      const after = downs[attempts.length - 1];
      proxy.faults = after === undefined ? {} : { down: { after, how: "silence" } };
    });
    const back = new Promise((resolve) => victim.on("advertise", resolve));
    proxy.mute();
    await within(back, "a connection with channels", { timeoutMs: LIMIT_MS });
    assert(attempts.length >= downs.length, `${attempts}`);
    assertInstanceOf(attempts[0], ConnectionError);
    assertInstanceOf(attempts[1], TimeoutError);
  }, { limits: { idleMs: IDLE } });

  on("a server that closes waits for a silent client no longer than its time limit, and releases it", async (
    { server, proxy, events, client },
  ) => {
    server.channel("/pose", { encoding: "json" });
    const victim = await client();
    victim.subscribe("/pose");
    await until("subscription", () => events.includes("subscribe 1 /pose"));
    proxy.mute();
    await within(server.close({ timeoutMs: 200 }), "end of close()", { timeoutMs: LIMIT_MS });
    assertEquals(events.slice(2), ["unsubscribe 1 /pose", events.find((event) => /^disconnect 1 /.test(event))]);
    assertEquals(server.clients.size, 0);
  });

  on("a line that is silent for less than idleMs loses nothing", async ({ server, proxy, client }) => {
    const count = server.channel<number>("/some", { encoding: "json" });
    const victim = await client({ limits: { idleMs: 60_000 } });
    const messages = victim.subscribe<number>("/some");
    await until("subscription", () => count.subscribers > 0);
    proxy.mute();
    for (let i = 0; i < 500; i++) count.publish(i);
    const waiting = messages.next();
    proxy.unmute();
    assertEquals((await waiting).value?.value, 0);
    for (let i = 1; i < 500; i++) assertEquals((await messages.next()).value?.value, i);
    assertEquals(victim.stats().reconnects, 0);
  }, { limits: { idleMs: 60_000 } });
}
