/** A robot that counts, and adds: one file to be made a program of. */
import { serve } from "@foxwire/foxwire/server";
import process from "node:process";

const robot = await serve({ name: "robot", port: Number(process.env.PORT ?? 8765) });
const counter = robot.channel<{ count: number }>("/counter", { encoding: "json" });
robot.service("/add", {}, ({ a, b }: { a: number; b: number }) => ({ sum: a + b }));

let count = 0;
setInterval(() => counter.publish({ count: count++ }), 10);
console.log(robot.url);
