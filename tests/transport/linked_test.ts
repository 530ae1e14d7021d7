/** What is special to `linkedTransports()`; the Transport contract on it is checked in tests/runtime. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { type LinkedOptions, linkedTransports } from "../../src/transport/linked.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";
import { TransportEnd } from "../support/transport_end.ts";

function setUp(options: LinkedOptions = {}) {
  const clock = new FakeClock();
  const [left, right] = linkedTransports({ clock, ...options });
  return { clock, left, right, leftEnd: new TransportEnd(left), rightEnd: new TransportEnd(right) };
}

test("linkedTransports() delivers in the next turn, also what is sent before the peer is bound", () => {
  const clock = new FakeClock();
  const [left, right] = linkedTransports({ clock });
  left.send(["early"]);
  clock.settle();
  const end = new TransportEnd(right);
  assertEquals(end.messages, []);
  clock.turn();
  assertEquals(end.messages, ["early"]);
});

test("linkedTransports() has a subprotocol of the protocol unless told another", () => {
  assertEquals(setUp().left.protocol, "foxglove.sdk.v1.1");
  assertEquals(setUp({ protocol: "other" }).right.protocol, "other");
});

test("a paused end reads nothing: bytes above the capacity wait at the sender until it reads on", () => {
  const { clock, left, right, leftEnd, rightEnd } = setUp({ capacity: 100 });
  right.pause();
  for (let i = 0; i < 3; i++) left.send([new Uint8Array(50)]);
  clock.settle();
  assertEquals([left.buffered(), right.buffered(), rightEnd.messages.length], [50, 0, 0]);
  right.resume();
  clock.settle();
  assertEquals([left.buffered(), leftEnd.drains, rightEnd.messages.length], [0, 1, 3]);
});

test("an end that pauses itself in a message keeps the rest in order", () => {
  const { clock, left, right, rightEnd } = setUp();
  const take = rightEnd.message.bind(rightEnd);
  rightEnd.message = (data) => {
    take(data);
    right.pause();
  };
  left.send(["one", "two", "three"]);
  clock.settle();
  assertEquals(rightEnd.messages, ["one"]);
  left.send(["four"]);
  for (let i = 0; i < 3; i++) {
    right.resume();
    clock.settle();
  }
  assertEquals(rightEnd.messages, ["one", "two", "three", "four"]);
});

test("a paused end answers no close, and terminate() ends both", () => {
  const { clock, left, right, leftEnd, rightEnd } = setUp();
  right.pause();
  left.close(1001, "Going away");
  clock.settle();
  assertEquals(leftEnd.closes, []);
  left.terminate();
  clock.settle();
  assertEquals([leftEnd.closes, rightEnd.closes], [[{ code: 1006, reason: "" }], [{ code: 1006, reason: "" }]]);
});

test("messages on their way to the one who closes still arrive", () => {
  const { clock, left, right, leftEnd, rightEnd } = setUp();
  right.send(["on its way"]);
  left.close(3001, "bye");
  clock.settle();
  assertEquals(leftEnd.messages, ["on its way"]);
  assertEquals([leftEnd.closes, rightEnd.closes], [[{ code: 3001, reason: "bye" }], [{ code: 3001, reason: "bye" }]]);
});

test("every receiver gets bytes of its own", () => {
  const { clock, left, rightEnd } = setUp();
  const bytes = Uint8Array.of(1, 2, 3);
  left.send([bytes, bytes]);
  clock.settle();
  const [first, second] = rightEnd.messages as Uint8Array[];
  first!.fill(9);
  assertEquals([bytes, second], [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
  assertNotEquals(first, second);
});
