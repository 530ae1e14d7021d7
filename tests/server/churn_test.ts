/** Channels and clients that come and go, in memory; `tests/runtime/churn_test.ts` has the same on sockets. */
import { assertEquals, assertGreater } from "@std/assert";
import { FoxgloveServer } from "../../src/server/server.ts";
import { linkedTransports } from "../../src/transport/linked.ts";
import { systemClock } from "../../src/util/time.ts";
import { churnOfChannels, type Watcher } from "../support/channel_churn.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freshSeed, type Random, withSeed } from "../support/random.ts";
import { test } from "../support/test.ts";
import { nextEvent, WireClient } from "../support/wire_client.ts";

/** Connects a watcher that stops reading now and then, and leaves in order or is cut. */
function follow(server: FoxgloveServer, random: Random) {
  return (watcher: Watcher): Promise<void> => {
    const [serverEnd, clientEnd] = linkedTransports({ protocol: watcher.protocol, capacity: 1024 });
    watcher.send = (message) => clientEnd.send([JSON.stringify(message)]);
    return new Promise((resolve, reject) => {
      const received = (data: string | Uint8Array) => {
        if (watcher.done) return;
        watcher.received(typeof data === "string" ? JSON.parse(data) : data);
        if (watcher.done) random.chance(0.5) ? clientEnd.close(1000) : clientEnd.terminate();
        else if (random.chance(0.01)) rest(clientEnd, random.below(500));
      };
      clientEnd.bind({
        message: (data) => attempt(() => received(data), reject),
        drain: () => {},
        close: () => resolve(),
      });
      server.accept(serverEnd);
    });
  };
}

function attempt(run: () => void, failed: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    failed(error);
  }
}

/** Reads nothing for so many turns. */
function rest(end: { pause(): void; resume(): void }, turns: number): void {
  end.pause();
  const turn = () => turns-- > 0 ? systemClock.defer(turn) : end.resume();
  turn();
}

test("1000 channels come and go beside 20 clients that stop reading now and then", async () => {
  await withSeed(freshSeed(), async (random) => {
    const server = new FoxgloveServer({ limits: { dataBytes: 4096 } });
    const churn = { server, random, channels: 1000, watchers: 20, lossy: true };
    await churnOfChannels(churn, follow(server, random));
    assertGreater(server.stats().droppedMessages, 0);
    await server.close();
  });
});

/** A hundred channels, each published a hundred times; how often anything of a message was looked at. */
function publishEverything(server: FoxgloveServer) {
  let looks = 0;
  const message = {
    get x() {
      return ++looks;
    },
  };
  const encode = () => new Uint8Array(++looks);
  const channels = Array.from(
    { length: 100 },
    (_, i) => server.channel(`/t/${i}`, i % 2 === 0 ? { encoding: "json" } : { encoding: "raw", encode }),
  );
  const publish = () => {
    looks = 0;
    for (let i = 0; i < 100; i++) for (const channel of channels) channel.publish(message);
    return looks;
  };
  return { channels, publish };
}

test("a server with no client does nothing: 10 000 messages on 100 channels, and nothing is encoded or scheduled", () => {
  const clock = new FakeClock();
  const server = new FoxgloveServer({ clock });
  const { publish } = publishEverything(server);
  clock.settle();
  assertEquals(publish(), 0);
  assertEquals([clock.deferred, clock.delays], [0, 0]);
});

test("only what somebody has subscribed to is encoded, once for all, and nothing after the last has left", async () => {
  const server = new FoxgloveServer();
  const { channels, publish } = publishEverything(server);
  const clients = [await WireClient.greeted(server), await WireClient.greeted(server)];
  assertEquals(publish(), 0);
  for (const client of clients) {
    for (const i of [0, 1]) client.subscribe(i, channels[i]!.id);
    await client.settle();
  }
  assertEquals(publish(), 200);
  for (const client of clients) client.transport.terminate();
  while (server.clients.size > 0) await nextEvent(server, "disconnect");
  assertEquals(publish(), 0);
  await server.close();
});
