/** Ports for servers that come back, and for those that are not there. */
import { createServer } from "node:net";

/** Below those that systems choose by themselves, above those of services. */
const [FIRST, LAST] = [20_000, 32_000];

/**
 * A free port that the system gives to nobody by itself: no other process, and no connection, takes it while a test has
 * nobody listen there. A client that tries again and again would else come to be connected to itself.
 */
export async function quietPort(): Promise<number> {
  const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
  return await isFree(port) ? port : quietPort();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
