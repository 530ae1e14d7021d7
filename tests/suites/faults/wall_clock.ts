/** A wall clock that jumps, as when a robot without a battery learns the time: nothing but log times may follow. */
import { assert, assertEquals } from "@std/assert";
import { until } from "./scene.ts";
import type { On } from "./scene.ts";

const HOUR = 3_600_000;
/** Hours by which it is wrong, one after the other. */
const JUMPS = [0, 10, -10, 100_000, -100_000, 0.001, -0.001];

/** Runs something while the wall clock is wrong by what `jump` says. */
async function withWallClock(body: (jump: (hours: number) => void) => Promise<void>): Promise<void> {
  const { now } = Date;
  let offset = 0;
  Date.now = () => now.call(Date) + offset;
  try {
    await body((hours) => offset = hours * HOUR);
  } finally {
    Date.now = now;
  }
}

/** Declares the tests. */
export function wallClockRows(on: On): void {
  on("a wall clock that jumps by years ends no connection and stops no message; log times follow it", async (
    { server, client, witness },
  ) => {
    const other = await witness();
    const pose = server.channel<number>("/pose", { encoding: "json" });
    const watching = await client({ limits: { idleMs: 1000 } });
    const messages = watching.subscribe<number>("/pose");
    const times = watching.timeUpdates();
    await until("subscription", () => pose.subscribers === 1);
    await withWallClock(async (jump) => {
      for (const [i, hours] of JUMPS.entries()) {
        jump(hours);
        const before = Date.now();
        pose.publish(i);
        server.time(BigInt(i));
        const { value } = (await messages.next()).value!;
        assertEquals([value, (await times.next()).value], [i, BigInt(i)]);
        pose.publish(i);
        const { logTime, receiveTime } = (await messages.next()).value!;
        for (const time of [logTime, receiveTime]) {
          const ms = Number(time / 1_000_000n);
          assert(ms >= before && ms <= Date.now(), `${ms} is not the wall clock's ${before}`);
        }
        await other.sees(30);
      }
    });
    assertEquals([watching.stats().reconnects, server.clients.size], [0, 2]);
  }, { limits: { idleMs: 1000, stallMs: 1000 } });

  on("a lost client is noticed, and connects again, while the wall clock jumps", async (
    { server, proxy, traits, events, client, witness, every },
  ) => {
    server.service("/now", {}, () => true);
    const other = await witness();
    const victim = await client({ limits: { idleMs: 500, closeMs: 100 } });
    await victim.callService("/now");
    await withWallClock(async (jump) => {
      let jumps = 0;
      every(20, () => jump(JUMPS[jumps++ % JUMPS.length]!));
      for (let times = 1; times <= 2; times++) {
        proxy.mute();
        await until("next connection", () => victim.stats().reconnects === times);
        await victim.callService("/now");
      }
      if (traits.pings) await until("end of both", () => server.clients.size === 2);
      await other.sees(20);
      jump(0);
    });
    assertEquals(events.filter((event) => event.startsWith("disconnect 1 ")), []);
  }, { limits: { idleMs: 500 } });
}
