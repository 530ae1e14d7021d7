/** Clients that lose their connections and come back at once, again and again: a hundred reconnects a second and more. */
import { assertEquals } from "@std/assert";
import { type On, until } from "./scene.ts";

const CLIENTS = 4;
const ROUNDS = 50;
const TIMES = CLIENTS * ROUNDS;

/** Declares the tests. */
export function hastyRows(on: On): void {
  on(`${TIMES} reconnects, as fast as they can be, leave nothing behind, and others miss nothing`, async (
    { server, proxy, events, client, witness },
  ) => {
    const other = await witness();
    const pose = server.channel<number>("/pose", { encoding: "json" });
    server.on("subscribe", ({ client, channel }) => channel === pose && pose.publishTo(client, client.id));
    const open = () => client({ reconnect: { minDelayMs: 1, maxDelayMs: 5 } });
    const hasty = await Promise.all(Array.from({ length: CLIENTS }, open));
    const poses = hasty.map((each) => each.subscribe<number>("/pose"));
    for (const each of hasty) each.publisher({ topic: "/cmd", encoding: "json" });
    for (let times = 1; times <= ROUNDS; times++) {
      proxy.cut();
      await until("next connections", () => hasty.every((each) => each.stats().reconnects === times));
      await other.sees(1);
    }
    await until("the last ones alone", () => server.clients.size === 1 + CLIENTS);
    for (const feed of poses) {
      let last = 0;
      while (last <= 1 + TIMES) last = (await feed.next()).value!.value!;
    }
    assertEquals(hasty.map((each) => each.stats().subscriptions), Array(CLIENTS).fill(1));
    const count = (name: string) => events.filter((event) => event.startsWith(`${name} `)).length;
    assertEquals([count("connect"), count("disconnect")], [1 + CLIENTS + TIMES, TIMES]);
    assertEquals(count("subscribe") - count("unsubscribe"), 1 + CLIENTS);
    await until("their advertisements", () => count("advertise") - count("unadvertise") === CLIENTS);
    await other.sees(20);
  });
}
