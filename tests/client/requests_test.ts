import { assertEquals, assertRejects } from "@std/assert";
import { Catalogue } from "../../src/client/catalogue.ts";
import { newCounters } from "../../src/client/client_stats.ts";
import { CLIENT_LIMITS } from "../../src/client/limits.ts";
import { type RequestHost, Requests } from "../../src/client/requests.ts";
import { ConnectionError } from "../../src/util/errors.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

function host(): RequestHost & { readonly clock: FakeClock } {
  return {
    catalogue: new Catalogue({ name: "", capabilities: [] }),
    counters: newCounters(),
    clock: new FakeClock(),
    limits: CLIENT_LIMITS,
    lost: undefined,
    over: undefined,
    send: () => {},
  };
}

/** Asks for something. @returns Its id and its answer. */
function ask(requests: Requests<string>, start: (id: number) => void = () => {}) {
  let id = 0;
  const answer = requests.run({
    what: "answer",
    context: undefined,
    start: (given) => {
      id = given;
      start(given);
    },
  }, {});
  return { id, answer };
}

test("request ids begin again behind the largest, and pass over those that still wait", async () => {
  const table = host();
  const requests = new Requests<string>(table, 3);
  const asked = [ask(requests), ask(requests), ask(requests)];
  assertEquals(asked.map(({ id }) => id), [1, 2, 3]);
  requests.take(2)?.resolve("first 2");
  assertEquals(await asked[1]!.answer, "first 2");
  const again = ask(requests);
  assertEquals(again.id, 2);
  requests.take(2)?.resolve("second 2");
  requests.take(3)?.resolve("3");
  requests.take(1)?.resolve("1");
  assertEquals(await Promise.all([asked[0]!.answer, again.answer, asked[2]!.answer]), ["1", "second 2", "3"]);
  assertEquals([requests.pending.size, table.clock.delays], [0, 0]);
});

test("the entry of an id that has come round is not the old one's to remove", async () => {
  const table = host();
  const requests = new Requests<string>(table, 1);
  const old = ask(requests);
  requests.take(1)?.resolve("old");
  const young = ask(requests);
  assertEquals([await old.answer, young.id, requests.pending.size], ["old", 1, 1]);
  requests.take(1)?.resolve("young");
  assertEquals(await young.answer, "young");
});

test("a request whose start throws rejects with that, and leaves nothing", async () => {
  const table = host();
  const requests = new Requests<string>(table);
  const { answer } = ask(requests, () => {
    throw new TypeError("Cannot be sent");
  });
  await assertRejects(() => answer, TypeError, "Cannot be sent");
  assertEquals([requests.pending.size, table.clock.delays], [0, 0]);
});

test("release() gives up those that a test picks", async () => {
  const table = host();
  const requests = new Requests<string, number>(table);
  const answers = [1, 2, 3].map((context) => requests.run({ what: "answer", context, start: () => {} }, {}));
  const settled = Promise.allSettled(answers);
  requests.release(new ConnectionError("over"), (context) => context !== 2);
  assertEquals([...requests.pending.values()].map(({ context }) => context), [2]);
  requests.take(2)?.resolve("two");
  assertEquals((await settled).map(({ status }) => status), ["rejected", "fulfilled", "rejected"]);
  requests.take(3);
  requests.take(4);
  assertEquals([table.counters.lateMessages, table.counters.ignoredMessages, table.clock.delays], [1, 1, 0]);
});
