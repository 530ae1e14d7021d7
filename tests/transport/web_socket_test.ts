/** What `webSocketTransport()` makes of the ways in which runtimes differ; real sockets are in tests/runtime. */
import { assertEquals } from "@std/assert";
import { webSocketTransport, type WebSocketTransportOptions } from "../../src/transport/web_socket.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeWebSocket } from "../support/fake_web_socket.ts";
import { test } from "../support/test.ts";
import { TransportEnd } from "../support/transport_end.ts";

/** A transport on a socket that is opening; `change` makes it another kind of socket before. */
function opening(change: (socket: FakeWebSocket) => void = () => {}, options: WebSocketTransportOptions = {}) {
  const socket = new FakeWebSocket("ws://127.0.0.1/");
  const clock = new FakeClock();
  change(socket);
  const end = new TransportEnd(webSocketTransport(socket.socket, { clock, ...options }));
  return { socket, clock, end, transport: end.transport };
}

/** The same on a socket that is open. */
function open(change: (socket: FakeWebSocket) => void = () => {}, options: WebSocketTransportOptions = {}) {
  return opening((socket) => {
    socket.readyState = 1;
    change(socket);
  }, options);
}

const stalled = (socket: FakeWebSocket) => void (socket.bufferedAmount = 1_000_000);
const fail = (socket: FakeWebSocket) => {
  socket.readyState = 3;
  socket.raise("error");
};

test("webSocketTransport() asks for array buffers and delivers bytes", () => {
  const { socket, end } = open();
  socket.raise("message", { data: Uint8Array.of(1, 2).buffer });
  socket.raise("message", { data: "text" });
  assertEquals(socket.binaryType, "arraybuffer");
  assertEquals(end.messages, [Uint8Array.of(1, 2), "text"]);
});

test("webSocketTransport() reports the protocol it was told, or the socket's", () => {
  assertEquals(open(() => {}, { protocol: "told" }).transport.protocol, "told");
  const { socket, transport } = opening();
  socket.open("negotiated later");
  assertEquals(transport.protocol, "negotiated later");
});

test("what is sent while the socket opens counts as buffered, and its going out is a drain", () => {
  const { socket, end, transport } = opening();
  transport.send(["one", new Uint8Array(1_000_000)]);
  transport.send([{ head: Uint8Array.of(1), body: Uint8Array.of(2, 3) }]);
  assertEquals([transport.buffered(), socket.sent.length], [1_000_006, 0]);
  socket.open("foxglove.sdk.v1");
  assertEquals(socket.sent, ["one", new Uint8Array(1_000_000), Uint8Array.of(1, 2, 3)]);
  assertEquals([transport.buffered(), end.drains], [0, 1]);
});

test("a close while the socket opens goes out behind what was sent before it", () => {
  const { socket, transport } = opening();
  transport.send(["one"]);
  transport.close(4000, "bye");
  transport.send(["too late"]);
  assertEquals(socket.closes, []);
  socket.open("foxglove.sdk.v1");
  assertEquals([socket.sent, socket.closes], [["one"], [[4000, "bye"]]]);
});

test("close() closes with 1000 where the socket refuses the code", () => {
  const { socket, transport } = open((socket) => {
    const close = socket.close.bind(socket);
    socket.close = (code, ...rest) => {
      if (code === 1001) throw new DOMException("Bad code", "InvalidAccessError");
      close(code, ...rest);
    };
  });
  transport.close(1001, "Leaving");
  assertEquals(socket.closes, [[1000, "Leaving"]]);
});

test("the first of two close events counts (Deno)", () => {
  const { socket, end } = open();
  socket.end(3001, "one");
  socket.end(3002, "two");
  assertEquals(end.closes, [{ code: 3001, reason: "one" }]);
});

test("close code 0 is reported as 1006 (Deno)", () => {
  const { socket, end } = open();
  fail(socket);
  socket.end(0);
  assertEquals(end.closes, [{ code: 1006, reason: "" }]);
});

test("a failed connect that reports no close ends in the next turn (Node 20 and 22)", () => {
  const { socket, clock, end } = opening();
  fail(socket);
  assertEquals(end.closes, []);
  clock.turn();
  assertEquals(end.closes, [{ code: 1006, reason: "" }]);
});

test("a failed connect that reports a close too ends once", () => {
  const { socket, clock, end } = opening();
  fail(socket);
  socket.end(1006, "refused");
  clock.settle();
  assertEquals(end.closes, [{ code: 1006, reason: "refused" }]);
});

test("after an error of an open socket its close is waited for, which has the code", () => {
  const { socket, clock, end } = open();
  fail(socket);
  clock.settle();
  assertEquals(end.closes, []);
  socket.end(1007, "Bad text");
  assertEquals(end.closes, [{ code: 1007, reason: "Bad text" }]);
});

test("terminate() of a socket that has none closes it, hears no more and ends with 1006 in a later turn", () => {
  const { socket, clock, end, transport } = open();
  transport.terminate();
  assertEquals([socket.closes.length, end.closes], [1, []]);
  socket.raise("message", { data: "too late" });
  socket.end(1000);
  clock.settle();
  assertEquals([end.messages, end.closes], [[], [{ code: 1006, reason: "" }]]);
});

test("terminate() uses the socket's own where it has one (npm ws)", () => {
  let terminated = 0;
  const { socket, transport } = open((socket) => Object.assign(socket, { terminate: () => terminated++ }));
  transport.terminate();
  transport.terminate();
  assertEquals([terminated, socket.closes], [1, []]);
});

test("terminate() of an opening socket closes it again when it opens all the same (Deno)", () => {
  const { socket, transport } = opening();
  transport.send(["never"]);
  transport.terminate();
  assertEquals(transport.buffered(), 0);
  socket.open("foxglove.sdk.v1");
  assertEquals([socket.sent, socket.closes.length], [[], 2]);
});

test("terminate() ends once although the socket reports its close from inside the call (Node)", () => {
  const { clock, end, transport } = opening((socket) => socket.close = () => socket.end(1006));
  transport.terminate();
  assertEquals(end.closes, []);
  clock.settle();
  assertEquals(end.closes.length, 1);
});

test("send() stops in the middle of a batch when the socket closes there", () => {
  const { socket, transport } = open();
  socket.send = (data) => {
    socket.sent.push(data);
    socket.readyState = 2;
  };
  transport.send(["one", "two"]);
  assertEquals(socket.sent, ["one"]);
});

test("buffered() is undefined where the socket cannot tell (workerd)", () => {
  const { clock, transport } = open((socket) => Object.assign(socket, { bufferedAmount: undefined }));
  transport.send([new Uint8Array(1_000_000)]);
  assertEquals(transport.buffered(), undefined);
  assertEquals([clock.deferred, clock.delays], [0, 0]);
});

test("nothing is polled while little waits", () => {
  const { clock, transport } = open((socket) => void (socket.bufferedAmount = 64 * 1024));
  transport.send(["text"]);
  assertEquals([clock.deferred, clock.delays], [0, 0]);
});

test("a full socket is polled until it has room, and then there is one drain", () => {
  const { socket, clock, end, transport } = open(stalled);
  transport.send(["one"]);
  transport.send(["two"]);
  assertEquals(clock.deferred, 1);
  clock.turn();
  assertEquals(end.drains, 0);
  socket.bufferedAmount = 64 * 1024;
  clock.settle();
  assertEquals([end.drains, clock.deferred, clock.delays], [1, 0, 0]);
});

test("a socket that stays full is polled by a timer after a while, and by turns again when it moves", () => {
  const { socket, clock, transport } = open(stalled);
  transport.send(["one"]);
  clock.settle();
  assertEquals([clock.deferred, clock.delays], [0, 1]);
  clock.advance(1_000);
  assertEquals([clock.deferred, clock.delays], [0, 1]);
  socket.bufferedAmount = 900_000;
  clock.turn(16);
  assertEquals([clock.deferred, clock.delays], [1, 0]);
});

test("polling ends with the connection, be it by turns or by a timer", () => {
  for (const turns of [1, 200]) {
    const { socket, clock, end, transport } = open(stalled);
    transport.send(["one"]);
    for (let i = 0; i < turns; i++) clock.turn();
    socket.end(1001, "gone");
    clock.settle();
    assertEquals([clock.delays, end.drains, end.late, transport.buffered()], [0, 0, 0, 0]);
    assertEquals(end.closes, [{ code: 1001, reason: "gone" }]);
  }
});

test("a close that the socket leaves to be answered is answered, with its code or without (workerd)", () => {
  for (const [code, answer] of [[4000, 4000], [1005, 1000]] as const) {
    const { socket, end } = open((socket) => {
      const close = socket.close.bind(socket);
      socket.close = (code, ...rest) => {
        if (code === 1005) throw new DOMException("Bad code", "InvalidAccessError");
        close(code, ...rest);
      };
    });
    socket.readyState = 2;
    socket.raise("close", { code, reason: "bye" });
    assertEquals([socket.closes, end.closes], [[[answer, "bye"]], [{ code, reason: "bye" }]]);
  }
});

test("an error of an open socket that is closed then is its end, where there is no close event (workerd)", () => {
  const { socket, clock, end } = open((socket) => Object.assign(socket, { bufferedAmount: undefined }));
  fail(socket);
  assertEquals(end.closes, []);
  clock.settle();
  socket.raise("close", { code: 1002 });
  assertEquals(end.closes, [{ code: 1006, reason: "" }]);
});

test("ping goes out, and pongs come, where the socket has both (ws)", () => {
  const pings: unknown[] = [];
  const pongs: ((data: Uint8Array) => void)[] = [];
  const { socket, end, transport } = open((socket) =>
    Object.assign(socket, {
      ping: (data: unknown) => pings.push(data),
      on: (type: string, listener: (data: Uint8Array) => void) => type === "pong" && pongs.push(listener),
    })
  );
  transport.ping?.(Uint8Array.of(1));
  pongs[0]?.(Uint8Array.of(2));
  socket.end(1006);
  transport.ping?.(Uint8Array.of(3));
  assertEquals([pings, end.pongs], [[Uint8Array.of(1)], [Uint8Array.of(2)]]);
  const pingOnly = open((socket) => Object.assign(socket, { ping: (data: unknown) => pings.push(data) }));
  assertEquals(pingOnly.transport.ping, undefined);
});
