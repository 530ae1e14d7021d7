/** Clients that come and go, with nothing between them and the server. */
import { type LinkedTransport, linkedTransports } from "../../src/transport/linked.ts";
import { clientChurnSuite, type Pave } from "../suites/client_churn.ts";

const linked: Pave = (server) => {
  const serverEnds = new Set<LinkedTransport>();
  return Promise.resolve({
    dial() {
      const [serverEnd, clientEnd] = linkedTransports();
      serverEnds.clear();
      serverEnds.add(serverEnd);
      server.accept(serverEnd);
      return clientEnd;
    },
    cut: () => serverEnds.forEach((end) => end.terminate()),
    stop: () => Promise.resolve(),
  });
};

clientChurnSuite("linked transports", linked);
