/**
 * How a client asks for a connection, and takes the answer.
 *
 * @module
 */
import { SUBPROTOCOLS } from "../../../protocol/constants.ts";
import { bytes } from "../../bytes.ts";
import { check, none } from "../../steps/check.ts";
import { choice, rfc, spec } from "../../steps/sources.ts";
import type { ClientCase } from "../case.ts";
import type { ServerEnd } from "../server_end.ts";
import { CONFORM, type Stage } from "../stage.ts";
import { acceptance } from "../upgrade.ts";

const NAMES: readonly string[] = SUBPROTOCOLS;

const names: ClientCase[] = SUBPROTOCOLS.map((protocol) => ({
  name: `handshake/${protocol}`,
  level: "must",
  rule: `A client that offers ${protocol} works with a server that chooses it`,
  source: spec("Protocol overview: subprotocol"),
  protocol,
  async run(stage) {
    const { end } = await stage.subscribed();
    await stage.alive(end, `the server chose ${protocol}`);
  },
}));

/** Answers that no client may take for a connection. */
async function refused(stage: Stage, answer: (end: ServerEnd) => { protocol: string | undefined; accept: string }) {
  const end = await stage.connection();
  end.accept(answer(end), end.frames(end.serverInfo()), end.frames(end.advertisement(CONFORM)));
  await end.expectEnd("the client to end the connection");
}

export const handshake: readonly ClientCase[] = [
  {
    name: "handshake/offers",
    level: "must",
    rule: `The upgrade offers a name of the protocol: ${NAMES.join(", ")}`,
    source: spec("Protocol overview: subprotocol"),
    async run(stage) {
      await stage.connection();
    },
  },
  {
    name: "handshake/newest-first",
    level: "should",
    rule: "Names are offered newest first, for servers that take the first they know",
    source: choice("Handshake"),
    async run(stage) {
      const { offered } = (await stage.connection()).request!;
      const order = offered.map((name) => NAMES.indexOf(name)).filter((index) => index >= 0);
      check(order.every((index, i) => i === 0 || order[i - 1]! < index), "names newest first", offered);
    },
  },
  ...names,
  {
    name: "handshake/unoffered-protocol",
    level: "must",
    rule: "A subprotocol that was not offered ends the connection",
    source: rfc(6455, "4.1"),
    run: (stage) => refused(stage, (end) => ({ protocol: "conform.unknown", accept: end.request!.accept })),
  },
  {
    name: "handshake/no-protocol",
    level: "should",
    rule: "A server that chooses no subprotocol is no server of this protocol: the connection is ended",
    source: choice("Handshake"),
    run: (stage) => refused(stage, (end) => ({ protocol: undefined, accept: end.request!.accept })),
  },
  {
    name: "handshake/wrong-accept",
    level: "must",
    rule: "A Sec-WebSocket-Accept that does not fit the key ends the connection",
    source: rfc(6455, "4.1"),
    run: (stage) => refused(stage, (end) => ({ protocol: end.protocol, accept: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" })),
  },
  {
    name: "handshake/lower-case",
    level: "must",
    rule: "Names of headers in the answer are read whatever their case",
    source: rfc(9110, "5.1"),
    async run(stage) {
      const end = await stage.connection();
      const answer = acceptance({ protocol: end.protocol, accept: end.request!.accept });
      const text = new TextDecoder().decode(answer).replace(/^[\w-]+:/gm, (name) => name.toLowerCase());
      end.write(new TextEncoder().encode(text));
      await greet(stage, end);
    },
  },
  {
    name: "handshake/one-byte-at-a-time",
    level: "must",
    rule: "The answer to the upgrade may come in any pieces",
    source: rfc(9293, "2.2", "TCP is a stream of bytes"),
    async run(stage) {
      const end = await stage.connection();
      await end.drip(acceptance({ protocol: end.protocol, accept: end.request!.accept }));
      await greet(stage, end);
    },
  },
  {
    name: "handshake/glued",
    level: "must",
    rule: "What comes in one packet with the answer to the upgrade is not lost",
    source: rfc(9293, "2.2", "TCP is a stream of bytes"),
    async run(stage) {
      const end = await stage.connection();
      const greeting = [end.frames(end.serverInfo()), end.frames(end.advertisement(CONFORM))];
      end.accept({ protocol: end.protocol, accept: end.request!.accept }, bytes(...greeting));
      await stage.subscribe(end);
      await stage.alive(end, "a greeting right behind the answer to the upgrade");
    },
  },
  {
    name: "handshake/waits-for-server-info",
    level: "must",
    rule: "The client sends nothing before serverInfo: it does not know yet what the server can do",
    source: spec("Protocol overview: the server greets with serverInfo"),
    async run(stage) {
      const end = await stage.opened();
      await stage.quiet();
      // What was sent before the pong has come.
      await end.ping("before serverInfo");
      none(end.all, "message before serverInfo");
      await greet(stage, end);
    },
  },
];

async function greet(stage: Stage, end: ServerEnd): Promise<void> {
  end.send(end.serverInfo(), end.advertisement(CONFORM));
  await stage.subscribe(end);
  await stage.alive(end, "the greeting");
}
