/**
 * Clients on raw sockets: those that stop reading, or vanish.
 *
 * @module
 */
import type { Scene } from "../case.ts";
import type { Sendable } from "../peer.ts";
import { clientFrame, FRAMES } from "../frames.ts";
import type { RawSocket } from "../raw_socket.ts";

/** A client that has sent these messages, each in a frame. */
export async function rawClient(scene: Scene, ...messages: Sendable[]): Promise<RawSocket> {
  const socket = await (await scene.raw()).upgrade(scene.protocol);
  socket.write(...messages.map(frameOf));
  return socket;
}

/** A message in its frame. */
export function frameOf(message: Sendable): Uint8Array {
  if (message instanceof Uint8Array) return clientFrame(FRAMES.binary, message);
  return clientFrame(FRAMES.text, typeof message === "string" ? message : JSON.stringify(message));
}

/** Waits until the server has read what a client has sent: until it answers a ping behind it. */
export async function taken(socket: RawSocket): Promise<void> {
  socket.write(clientFrame(FRAMES.ping, "taken"));
  await socket.frameOf(FRAMES.pong, "a pong");
}
