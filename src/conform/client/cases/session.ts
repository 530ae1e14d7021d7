/**
 * `serverInfo` in all its forms, and again; the end of a connection, and the next one.
 *
 * @module
 */
import { check, same } from "../../steps/check.ts";
import { foxwire, sdk, spec } from "../../steps/sources.ts";
import type { ClientCase } from "../case.ts";
import { closePayload, FRAMES, serverFrame } from "../../frames.ts";
import type { ServerEnd } from "../server_end.ts";
import { CONFORM, type Stage } from "../stage.ts";

const RECONNECT = foxwire("Reconnecting");

/** The next connection, where the ids of the one before mean other things. */
async function nextConnection(stage: Stage, sessionId: string): Promise<ServerEnd> {
  const end = await stage.greeted({
    info: { sessionId },
    channels: [{ id: CONFORM.id, topic: "/other" }, { ...CONFORM, id: 70 }],
  });
  const id = await stage.subscription(end, 70, CONFORM.topic);
  check(Number.isInteger(id), "a subscription", id);
  await stage.alive(end, "the loss of its connection");
  return end;
}

const ENDINGS: readonly { name: string; what: string; end(end: ServerEnd): void }[] = [
  { name: "cut", what: "was cut", end: (end) => end.cut() },
  { name: "ended", what: "ended without a Close frame", end: (end) => end.end() },
  { name: "closed", what: "was closed with 1001, as by a server that stops", end: closeWith(1001) },
  { name: "restart", what: "was closed with 1012, as by a server that restarts", end: closeWith(1012) },
];

function closeWith(code: number) {
  return (end: ServerEnd) => {
    end.write(serverFrame(FRAMES.close, closePayload(code)));
    end.end();
  };
}

const endings: ClientCase[] = ENDINGS.map(({ name, what, end: finish }) => ({
  name: `reconnect/${name}`,
  level: "should",
  rule: `A client whose connection ${what} connects again, and subscribes again by the ids of the new connection`,
  source: RECONNECT,
  async run(stage) {
    const { end } = await stage.subscribed();
    finish(end);
    await nextConnection(stage, "two");
  },
}));

export const session: readonly ClientCase[] = [
  {
    name: "session/bare",
    level: "must",
    rule: "A serverInfo with name and capabilities alone will do",
    source: spec("Server Info"),
    async run(stage) {
      const end = await stage.opened();
      end.send({ op: "serverInfo", name: "", capabilities: [] });
      end.advertise(CONFORM);
      await stage.subscribe(end);
      await stage.alive(end, "a serverInfo without a sessionId");
    },
  },
  {
    name: "session/grown",
    level: "should",
    rule: "serverInfo again in the same session leaves channels and subscriptions as they are",
    source: foxwire("The course of a connection: serverInfo is sent again when capabilities are added"),
    async run(stage) {
      const { end } = await stage.subscribed();
      end.send(end.serverInfo({ capabilities: ["parameters"] }));
      await stage.alive(end, "a serverInfo with more capabilities");
    },
  },
  {
    name: "session/grown-capability",
    level: "should",
    rule: "What serverInfo declares later can be used from then on",
    source: foxwire("The course of a connection: serverInfo is sent again when capabilities are added"),
    driven: true,
    async run(stage) {
      const { end } = await stage.subscribed();
      end.send(end.serverInfo({ capabilities: ["parameters"] }));
      await stage.alive(end, "a serverInfo with more capabilities");
      stage.tell({ do: "getParameters", tag: stage.tag(), names: ["gain"] });
      await end.expect("getParameters");
    },
  },
  {
    name: "session/reset",
    level: "should",
    rule: "serverInfo with another sessionId begins a new session, in which channels and subscriptions go on",
    source: sdk("Server: clear_session sends serverInfo alone"),
    async run(stage) {
      const { end } = await stage.subscribed();
      end.send(end.serverInfo({ sessionId: "two" }));
      await stage.alive(end, "a serverInfo with another sessionId");
    },
  },
  {
    name: "session/no-capabilities",
    level: "extra",
    rule: "A serverInfo without capabilities is one of a server that has none",
    source: foxwire("Servers that are almost right"),
    async run(stage) {
      const end = await stage.opened();
      end.send({ op: "serverInfo", name: "conform" });
      end.advertise(CONFORM);
      await stage.subscribe(end);
    },
  },
  ...endings,
  {
    name: "reconnect/same-session",
    level: "should",
    rule: "After a reconnect to the same session everything is subscribed to again all the same",
    source: RECONNECT,
    async run(stage) {
      const { end } = await stage.subscribed();
      end.cut();
      await nextConnection(stage, "one");
    },
  },
  {
    name: "reconnect/waits",
    level: "should",
    rule: "A client that cannot connect again waits between its attempts: at most 20 in a second",
    source: RECONNECT,
    async run(stage) {
      const { end } = await stage.subscribed();
      end.cut();
      const attempts = await stage.refuseFor(1000);
      check(attempts <= 20, "at most 20 attempts in a second", attempts);
      await nextConnection(stage, "two");
    },
  },
  {
    name: "reconnect/publishes-again",
    level: "should",
    rule: "After a reconnect, a topic is advertised again before anything is published on it",
    source: RECONNECT,
    driven: true,
    async run(stage) {
      const info = { capabilities: ["clientPublish"], supportedEncodings: ["json"] };
      const end = await stage.ready({ info });
      const goal = { do: "publish", topic: "/goal", encoding: "json", data: '{"x":1}' } as const;
      stage.tell(goal);
      await end.expectBinary(1, "messageData");
      end.cut();
      const next = await stage.greeted({ info });
      await stage.subscribe(next);
      await stage.alive(next, "the loss of its connection");
      stage.tell(goal);
      const { channels } = await next.expect("advertise");
      same((channels as { topic?: unknown }[])[0]?.topic, "/goal", "topic");
      await next.expectBinary(1, "messageData");
    },
  },
  {
    name: "reconnect/calls-fail",
    level: "should",
    rule: "A call whose connection was lost fails: nobody will answer it",
    source: RECONNECT,
    driven: true,
    async run(stage) {
      const echo = { id: 1, name: "/echo", type: "Echo", requestSchema: "", responseSchema: "" };
      const info = { capabilities: ["services"], supportedEncodings: ["json"] };
      const end = await stage.ready({ info }, { op: "advertiseServices", services: [echo] });
      const tag = stage.tag();
      stage.tell({ do: "callService", tag, service: "/echo", encoding: "json", data: "{}" });
      await end.expectBinary(2, "serviceCallRequest");
      end.cut();
      await stage.answered(tag, "failure");
    },
  },
];
