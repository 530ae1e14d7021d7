/** A client that publishes without a pause, as a process of its own. Flag: address. */
import process from "node:process";
import { connect } from "@foxwire/foxwire/client";

const client = await connect(process.argv[2]!, { reconnect: { minDelayMs: 5, maxDelayMs: 50 } });
client.on("state", ({ status }) => console.log(status));
const publisher = client.publisher({ topic: "/cmd", encoding: "json" });
setInterval(() => publisher.publish("go"), 10);
