/** What the demo says first: where it serves, and how to look at it. */
import { networkInterfaces } from "node:os";

/** What the introduction is about; a server is one. */
export interface Place {
  /** What it is bound to. */
  host: string;
  port: number;
  /** Its address for this machine. */
  url: string;
}

/** @param channels How many channels there are. */
export function introduction({ host, port, url }: Place, channels: number): string {
  return `Foxwire demo: ${channels} live channels of this machine on ${url}
${ANY_ADDRESS.includes(host) ? elsewhere(port) : ""}
In Foxglove or Lichtblick: Open connection > Foxglove WebSocket > this address.
${LOOPBACK.test(url) ? link(url) : ""}
`;
}

const ANY_ADDRESS = ["0.0.0.0", "::"];

/** Where a page that came by https may connect without encryption. */
const LOOPBACK = /^ws:\/\/(127\.|localhost|\[::1\])/;

/** Without the "s" it fits 80 columns with every port. Nothing goes out in the clear: browsers know all of .dev for https. */
function link(url: string): string {
  return `Or with Foxglove in a browser of this machine:
http://app.foxglove.dev/~/view?ds=foxglove-websocket&ds.url=${url}
`;
}

function elsewhere(port: number): string {
  const addresses = Object.values(networkInterfaces()).flatMap((entries = []) => entries)
    .filter(({ internal, family }) => !internal && family === "IPv4");
  return addresses.map(({ address }) => `For other machines: ws://${address}:${port}\n`).join("");
}
