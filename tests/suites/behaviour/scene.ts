/** A server behind an adapter and clients on raw sockets: where every row of the behaviour is played. */
import { assertEquals } from "@std/assert";
import { FoxgloveServer, type ServerOptions } from "../../../src/server/server.ts";
import { RawClient } from "../../support/raw_client.ts";
import { test } from "../../support/test.ts";
import type { Listen } from "../../support/listeners.ts";
import type { ServerTraits } from "../server.ts";

/** One test's server and what it needs. */
export interface Scene {
  readonly server: FoxgloveServer;
  readonly port: number;
  /** What the adapter enforces by itself. */
  readonly traits: ServerTraits;
  /** The server's `error` events. A test that causes some takes them out with {@link takeErrors}: any left fails it. */
  readonly errors: { error: unknown; during: string }[];
  /** A client that has been greeted; ended with the test. */
  client(protocol?: string): Promise<RawClient>;
  /** A client that has read nothing yet; ended with the test. */
  open(protocol?: string): Promise<RawClient>;
}

/** Declares the test of a row. */
export type On = (row: string, body: (scene: Scene) => Promise<void>, options?: ServerOptions) => void;

/** What declares tests for one adapter. */
export function onAdapter(name: string, listen: Listen, traits: ServerTraits): On {
  return (row, body, options = {}) => test(`${name}: ${row}`, () => play({ listen, traits, options, body }));
}

interface Play {
  listen: Listen;
  traits: ServerTraits;
  options: ServerOptions;
  body(scene: Scene): Promise<void>;
}

async function play({ listen, traits, options, body }: Play): Promise<void> {
  const server = new FoxgloveServer({ name: "robot", ...options });
  const errors: Scene["errors"] = [];
  server.on("error", (event) => errors.push(event));
  const { port, stop } = await listen(server);
  const clients: RawClient[] = [];
  const kept = async (opening: Promise<RawClient>) => {
    const client = await opening;
    clients.push(client);
    return client;
  };
  try {
    await body({
      server,
      port,
      traits,
      errors,
      client: (protocol) => kept(RawClient.greeted(port, protocol)),
      open: (protocol) => kept(RawClient.open(port, protocol)),
    });
    assertEquals(errors, []);
  } finally {
    await Promise.all(clients.map((client) => client.destroy()));
    await server.close();
    await stop();
  }
}

/** The errors that a test has caused, as `during: message`; none of them are left. */
export function takeErrors({ errors }: Scene): string[] {
  return errors.splice(0).map(({ error, during }) => `${during}: ${error instanceof Error ? error.message : error}`);
}
