/** The driver of our client, on the sockets of npm `ws` instead of the runtime's own. */
import { WebSocket } from "ws";

Object.assign(globalThis, { WebSocket });
await import("../../examples/conform_driver.ts");
