/**
 * Foxwire: the Foxglove WebSocket protocol for web-standard JavaScript, portable part. Server core and client without
 * a listener; `serve()` is in `./server`, embedding in a web server of yours in `./deno`, `./bun` and `./node`.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot" });
 * const pose = server.channel("/pose", { encoding: "json" });
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 *
 * const client = await connect(clientEnd);
 * server.on("subscribe", () => pose.publish({ x: 1 }));
 * for await (const message of client.subscribe("/pose")) {
 *   console.assert((message.value as { x: number }).x === 1);
 *   break;
 * }
 * await client.close();
 * await server.close();
 * ```
 *
 * @module
 */
export * from "./client.ts";
export { FoxgloveServer } from "./src/server/server.ts";
