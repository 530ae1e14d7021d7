/**
 * Subscriptions: what comes of them, and how they end.
 *
 * @module
 */
import { check, none, same } from "../../steps/check.ts";
import { choice, spec } from "../../steps/sources.ts";
import type { ClientCase } from "../case.ts";
import { CONFORM, type Stage } from "../stage.ts";

const DATA = spec("Message Data");
const A = { id: 2, topic: "/a" };
const B = { id: 3, topic: "/b" };

/** Times of messages have to arrive to the nanosecond. */
async function exact(stage: Stage, ...times: bigint[]): Promise<void> {
  const { end, id } = await stage.subscribed();
  for (const time of times) {
    end.publish(id, `"${time}"`, time);
    const { logTime } = await stage.message(`"${time}"`);
    same(String(logTime), String(time), "logTime, as a decimal text");
  }
}

export const subscriptions: readonly ClientCase[] = [
  {
    name: "subscriptions/time",
    level: "must",
    rule: "The time of a message arrives to the nanosecond",
    source: DATA,
    driven: true,
    run: (stage) => exact(stage, 0n, 1_700_000_000_123_456_789n, 2n ** 53n + 1n),
  },
  {
    name: "subscriptions/time-of-64-bits",
    level: "should",
    rule: "The time of a message is a number of 64 bits without a sign",
    source: DATA,
    driven: true,
    run: (stage) => exact(stage, 2n ** 63n, 2n ** 64n - 1n),
  },
  {
    name: "subscriptions/data",
    level: "must",
    rule: "The bytes of a message arrive as they were sent",
    source: DATA,
    driven: true,
    async run(stage) {
      const { end, id } = await stage.subscribed();
      for (const data of ['{"a":1}', '{"text":"Grüße, 世界 🦊\\u0000"}', ""]) {
        end.publish(id, data);
        await stage.message(data);
      }
    },
  },
  {
    name: "subscriptions/two",
    level: "must",
    rule: "A message belongs to the topic of its subscription",
    source: DATA,
    driven: true,
    async run(stage) {
      const end = await stage.greeted({ channels: [A, B] });
      const b = await stage.subscribe(end, B);
      const a = await stage.subscribe(end, A);
      check(a !== b, "two subscriptions with ids of their own", [a, b]);
      end.publish(a, '{"of":"a"}');
      end.publish(b, '{"of":"b"}');
      await stage.message('{"of":"b"}', "/b");
      await stage.message('{"of":"a"}', "/a");
    },
  },
  {
    name: "subscriptions/cancelled",
    level: "must",
    rule: "A subscription is cancelled by its id",
    source: spec("Unsubscribe"),
    driven: true,
    async run(stage) {
      const end = await stage.greeted({ channels: [A, B] });
      await stage.subscribe(end, A);
      const id = await stage.subscribe(end, B);
      stage.tell({ do: "unsubscribe", topic: "/b" });
      const { subscriptionIds } = await end.expect("unsubscribe");
      same(subscriptionIds, [id], "subscriptionIds");
    },
  },
  {
    name: "subscriptions/after-cancelled",
    level: "must",
    rule: "What still comes of a cancelled subscription is ignored",
    source: choice("The course of a connection: what was under way may still arrive"),
    driven: true,
    async run(stage) {
      const end = await stage.greeted({ channels: [CONFORM, A] });
      const id = await stage.subscribe(end, A);
      stage.tell({ do: "unsubscribe", topic: "/a" });
      await end.expect("unsubscribe");
      end.publish(id, '{"late":true}');
      await stage.alive(end, "data of a cancelled subscription");
      none(stage.reports("message"), "report of a message that nobody is subscribed to");
    },
  },
  {
    name: "subscriptions/again",
    level: "must",
    rule: "A topic can be subscribed to again",
    source: spec("Subscribe"),
    driven: true,
    async run(stage) {
      const { end } = await stage.subscribed();
      stage.tell({ do: "unsubscribe", topic: CONFORM.topic });
      await end.expect("unsubscribe");
      await stage.subscribe(end);
      await stage.alive(end, "a second subscription to the same topic");
    },
  },
];
