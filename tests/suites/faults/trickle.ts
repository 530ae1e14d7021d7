/** A line that gives one byte at a time, in both directions. */
import { assertEquals } from "@std/assert";
import { SUBPROTOCOLS } from "../../../client.ts";
import { type On, until } from "./scene.ts";

/** Declares the tests. */
export function trickleRows(on: On): void {
  for (const protocol of SUBPROTOCOLS) {
    on(`everything works byte by byte: handshake, greeting, requests and data of ${protocol}`, async (
      { server, proxy, events, client, witness, every },
    ) => {
      const other = await witness();
      const schema = { name: "Pose", encoding: "jsonschema", data: { type: "object" } };
      const pose = server.channel("/pose", { encoding: "json", schema });
      server.service("/repeat", {}, (text: string) => text.repeat(3));
      server.parameters.set("gain", 2.5);
      server.asset(() => new Uint8Array(1000).fill(7));
      proxy.trickle = true;
      const slow = await client({ subprotocols: [protocol] });
      const messages = slow.subscribe<string>("/pose");
      await until("subscription", () => pose.subscribers === 1);
      for (const text of ["a", "b".repeat(200), "c".repeat(3000)]) {
        pose.publish(text);
        assertEquals((await messages.next()).value?.value, text);
      }
      assertEquals(await slow.callService("/repeat", "x".repeat(100)), "x".repeat(300));
      assertEquals((await slow.getParameters()).get("gain"), 2.5);
      assertEquals(await slow.fetchAsset("any"), new Uint8Array(1000).fill(7));
      const publisher = slow.publisher({ topic: "/cmd", encoding: "json" });
      every(5, () => publisher.publish("y".repeat(300)));
      await until("its message", () => events.some((event) => event === `message 2 /cmd "${"y".repeat(300)}"`));
      await other.sees(100);
      assertEquals([slow.stats().reconnects, slow.stats().invalidMessages], [0, 0]);
    });
  }
}
