/** The Transport contract on the in-memory pair. */
import { linkedTransports } from "../../src/transport/linked.ts";
import { transportSuite } from "../suites/transport.ts";
import { TransportEnd } from "../support/transport_end.ts";

transportSuite("linked pair", {
  cuts: { server: true, client: true },
  open() {
    const [server, client] = linkedTransports();
    const ends = { server: new TransportEnd(server), client: new TransportEnd(client) };
    return Promise.resolve({ ...ends, stop: () => Promise.resolve() });
  },
});
