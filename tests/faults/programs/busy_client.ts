/** A client with everything under way, as a process of its own. Flags: address, milliseconds of idleMs. */
import process from "node:process";
import { connect } from "@foxwire/foxwire/client";

const [url, idleMs] = process.argv.slice(2);
const client = await connect(url!, {
  reconnect: { minDelayMs: 5, maxDelayMs: 50 },
  limits: { idleMs: Number(idleMs), closeMs: 100 },
});
client.on("state", ({ status }) => console.log(status));

const ask = () => {
  const waits = [
    client.callService("/wait"),
    client.fetchAsset("bytes"),
    client.fetchAsset("stream"),
    client.setParameters({ gain: 2 }),
    client.playback.seek(5n),
  ];
  for (const wait of waits) wait.catch((error) => console.log(`${error.name} ${error.code}`));
};
const messages = client.subscribe("/pose");
messages.next().then(() => console.log("message"));
client.subscribe("/map");
client.connectionGraph();
client.parameterUpdates(["gain"]);
const publisher = client.publisher({ topic: "/cmd", encoding: "json" });
setInterval(() => publisher.publish("go"), 10);
client.on("playbackState", ask);
