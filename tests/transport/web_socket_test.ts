import { assertEquals } from "@std/assert";
import { webSocketTransport } from "../../src/transport/web_socket.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeWebSocket } from "../support/fake_web_socket.ts";
import { test } from "../support/test.ts";

function setUp() {
  const socket = new FakeWebSocket("ws://127.0.0.1/");
  const clock = new FakeClock();
  const transport = webSocketTransport(socket.socket, { clock });
  const heard: string[] = [];
  transport.bind({
    message: (data) => heard.push(`message ${data}`),
    drain: () => heard.push("drain"),
    close: (code, reason) => heard.push(`close ${code} ${reason}`),
  });
  return { socket, clock, transport, heard };
}

test("what is sent while the socket opens counts as buffered, and its going out is a drain", () => {
  const { socket, transport, heard } = setUp();
  transport.send(["one", new Uint8Array(1_000_000)]);
  assertEquals([transport.buffered(), socket.sent.length], [1_000_003, 0]);
  socket.open("foxglove.sdk.v1");
  assertEquals([transport.buffered(), socket.sent.length, heard], [0, 2, ["drain"]]);
});

test("a close while the socket opens goes out behind what was sent before it", () => {
  const { socket, transport } = setUp();
  transport.send(["one"]);
  transport.close(4000, "bye");
  transport.send(["too late"]);
  assertEquals(socket.closes, []);
  socket.open("foxglove.sdk.v1");
  assertEquals([socket.sent, socket.closes], [["one"], [[4000, "bye"]]]);
});

test("a full socket is polled until it has room, and then there is one drain", () => {
  const { socket, clock, transport, heard } = setUp();
  socket.open("foxglove.sdk.v1");
  heard.length = 0;
  socket.bufferedAmount = 1_000_000;
  transport.send(["one"]);
  clock.turn();
  assertEquals(heard, []);
  socket.bufferedAmount = 0;
  clock.settle();
  assertEquals([heard, clock.deferred, clock.delays], [["drain"], 0, 0]);
});

test("a socket that stays full is polled by a timer after a while, and not at all once it has ended", () => {
  const { socket, clock, transport, heard } = setUp();
  socket.open("foxglove.sdk.v1");
  heard.length = 0;
  socket.bufferedAmount = 1_000_000;
  transport.send(["one"]);
  clock.settle();
  assertEquals([clock.deferred, clock.delays], [0, 1]);
  socket.end(1001, "gone");
  assertEquals([heard, clock.deferred, clock.delays], [["close 1001 gone"], 0, 0]);
});
