/** A robot that counts, and adds what it is asked to. */
import { serve } from "@foxwire/foxwire/server";
import process from "node:process";

interface Sum {
  readonly a: number;
  readonly b: number;
}

async function main(): Promise<void> {
  const server = await serve({ name: "robot", port: Number(process.env.PORT ?? 8765), supportedEncodings: ["json"] });
  const counter = server.channel<{ count: number }>("/counter", { encoding: "json" });
  let count = 0;
  const timer = setInterval(() => counter.publish({ count: count++ }), 10);
  const json = { encoding: "json", schema: { name: "Sum", encoding: "jsonschema", data: {} } };
  server.service("/add", { request: json }, ({ a, b }: Sum) => ({ sum: a + b }));
  process.once("SIGTERM", () => {
    clearInterval(timer);
    server.close();
  });
  console.log(server.url);
}

main();
