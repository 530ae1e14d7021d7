/** A client that loses its connection a hundred times a second. */
import { assertEquals } from "@std/assert";
import { type On, until } from "./scene.ts";

const TIMES = 100;

/** Declares the tests. */
export function hastyRows(on: On): void {
  on(`${TIMES} reconnects, one right after the other, leave nothing behind, and others miss nothing`, async (
    { server, proxy, events, client, witness },
  ) => {
    const other = await witness();
    const pose = server.channel<number>("/pose", { encoding: "json" });
    server.on("subscribe", ({ client, channel }) => channel === pose && pose.publishTo(client, client.id));
    const hasty = await client({ reconnect: { minDelayMs: 1, maxDelayMs: 5 } });
    const poses = hasty.subscribe<number>("/pose");
    hasty.publisher({ topic: "/cmd", encoding: "json" });
    for (let times = 1; times <= TIMES; times++) {
      proxy.cut();
      await until("next connection", () => hasty.stats().reconnects === times);
      await other.sees(1);
    }
    await until("the last one alone", () => server.clients.size === 2);
    let last: number | undefined;
    while (last !== 2 + TIMES) last = (await poses.next()).value?.value;
    assertEquals(hasty.stats().subscriptions, 1);
    const count = (name: string) => events.filter((event) => event.startsWith(`${name} `)).length;
    assertEquals([count("connect"), count("disconnect")], [2 + TIMES, TIMES]);
    assertEquals(count("subscribe") - count("unsubscribe"), 2);
    await until("its advertisement", () => count("advertise") - count("unadvertise") === 1);
    await other.sees(20);
  });
}
