import { assertEquals, assertRejects } from "@std/assert";
import { Inbox } from "../../src/client/inbox.ts";
import { test } from "../support/test.ts";

interface Item {
  n: number;
  data: Uint8Array;
}

function inbox(items: number, bytes = Infinity): Inbox<Item> {
  return new Inbox({ items, bytes });
}

function item(n: number, bytes = 1): Item {
  return { n, data: new Uint8Array(bytes) };
}

/** The numbers that wait. */
async function drain(queue: Inbox<Item>): Promise<number[]> {
  const numbers: number[] = [];
  while (queue.size > 0) numbers.push((await queue.next()).value!.n);
  return numbers;
}

test("an inbox gives its items in order", async () => {
  const queue = inbox(10);
  for (let n = 1; n <= 3; n++) queue.push(item(n));
  assertEquals(queue.size, 3);
  assertEquals(await drain(queue), [1, 2, 3]);
  assertEquals(queue.dropped, 0);
});

test("an inbox takes N items and drops the oldest at N + 1", async () => {
  const queue = inbox(3);
  for (let n = 1; n <= 3; n++) queue.push(item(n));
  assertEquals(queue.dropped, 0);
  queue.push(item(4));
  assertEquals(queue.dropped, 1);
  assertEquals(await drain(queue), [2, 3, 4]);
});

test("an inbox takes N bytes and drops the oldest beyond", async () => {
  const queue = inbox(100, 10);
  queue.push(item(1, 6));
  queue.push(item(2, 4));
  assertEquals([queue.size, queue.dropped], [2, 0]);
  queue.push(item(3, 5));
  assertEquals([queue.size, queue.dropped], [2, 1]);
  assertEquals(await drain(queue), [2, 3]);
  queue.push(item(4, 10));
  assertEquals(queue.dropped, 1);
});

test("an inbox takes an item above its bytes when nothing else waits", async () => {
  const queue = inbox(100, 10);
  queue.push(item(1, 11));
  assertEquals([queue.size, queue.dropped], [1, 0]);
  queue.push(item(2, 1));
  assertEquals(queue.dropped, 1);
  queue.push(item(3, 11));
  assertEquals(queue.dropped, 2);
  assertEquals(await drain(queue), [3]);
});

test("an inbox hands items to those who wait, in their order", async () => {
  const queue = inbox(1);
  const waiting = [queue.next(), queue.next()];
  queue.push(item(1));
  queue.push(item(2));
  queue.push(item(3));
  assertEquals((await Promise.all(waiting)).map(({ value }) => value?.n), [1, 2]);
  assertEquals([queue.size, queue.dropped], [1, 0]);
});

test("an inbox keeps its order over many items pushed and taken in turn", async () => {
  const queue = inbox(Infinity);
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 3000; round++) {
    for (let i = 0; i < 3; i++) queue.push(item(pushed++));
    for (let i = 0; i < 2; i++) assertEquals((await queue.next()).value?.n, taken++);
  }
  assertEquals(queue.size, 3000);
  assertEquals((await drain(queue))[0], taken);
});

test("an inbox that has ended gives what it has, and then its ending each time", async () => {
  const queue = inbox(10);
  queue.push(item(1));
  queue.end();
  queue.push(item(2));
  queue.end({ error: new Error("second ending") });
  assertEquals((await queue.next()).value?.n, 1);
  for (let i = 0; i < 2; i++) assertEquals(await queue.next(), { done: true, value: undefined });
});

test("an inbox that has ended with an error rejects after what it has", async () => {
  const queue = inbox(10);
  queue.push(item(1));
  queue.end({ error: new Error("cut") });
  assertEquals((await queue.next()).value?.n, 1);
  for (let i = 0; i < 2; i++) await assertRejects(() => queue.next(), Error, "cut");
});

test("an inbox settles all who wait when it ends", async () => {
  const done = inbox(10);
  const waiting = [done.next(), done.next()];
  done.end();
  assertEquals((await Promise.all(waiting)).map(({ done }) => done), [true, true]);
  const failed = inbox(10);
  const rejecting = [failed.next(), failed.next()].map((next) => assertRejects(() => next, Error, "cut"));
  failed.end({ error: new Error("cut") });
  await Promise.all(rejecting);
});

test("an inbox that is discarded forgets what it has", async () => {
  const queue = inbox(10);
  queue.push(item(1));
  queue.discard();
  assertEquals([queue.size, queue.dropped, queue.ended], [0, 0, true]);
  assertEquals((await queue.next()).done, true);
});

test("whoever reads ahead of an error, or behind it, and never looks has nothing to handle", async () => {
  const queue = inbox(10);
  const ahead = queue.next();
  queue.end({ error: new Error("cut") });
  queue.next();
  // Unhandled, this would fail the test on every runtime.
  await new Promise((resolve) => setTimeout(resolve, 5));
  await assertRejects(() => ahead, Error, "cut");
});
