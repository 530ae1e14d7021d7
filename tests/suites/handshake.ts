/**
 * The opening handshake on a raw socket, to the letter of docs/protocol.md. `tests/runtime/handshake_test.ts` runs it for
 * each way to serve.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { negotiate } from "../../src/server/handshake.ts";
import { deferred } from "../../src/util/async.ts";
import vectors from "../vectors/vectors_sdk_v1_1.json" with { type: "json" };
import { closeFrame, type HttpAnswer, RawSocket, type RequestOptions } from "../support/raw_socket.ts";
import type { Listen } from "../support/listeners.ts";
import { test } from "../support/test.ts";
import { TransportServer } from "../support/transport_end.ts";

/** What differs between ways to serve. */
export interface HandshakeTraits {
  /** The answer to requests that ask for no WebSocket is the user's own: status 200, body "app". */
  ownHttp: boolean;
  /** The runtime tells nobody that a peer has left before the answer. */
  missesLeaving?: boolean;
}

const GUESTS = ["foxglove.sdk.v1"];
const NO_UPGRADE = { Upgrade: undefined, Connection: undefined };

/** The recorded handshakes that were not plain upgrades: how they differed, and what our server answers. */
const SPECIAL: [note: string, request: RequestOptions, status: number][] = [
  ["Sec-WebSocket-Key: short", { headers: { "Sec-WebSocket-Key": "short" } }, 400],
  ["Sec-WebSocket-Key: AAAA", { headers: { "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAAAA" } }, 400],
  ["no Sec-WebSocket-Key", { headers: { "Sec-WebSocket-Key": undefined } }, 400],
  ["Sec-WebSocket-Version: 8", { headers: { "Sec-WebSocket-Version": "8" } }, 400],
  ["GET without upgrade headers", { headers: NO_UPGRADE }, 426],
  ["POST instead of GET", { method: "POST" }, 405],
  ["GET /x/y?z=1", { path: "/x/y?z=1" }, 101],
];

/** A peer leaves before it is answered. @returns Once the server has taken its decision. */
export async function leaveEarly(core: TransportServer, port: number): Promise<void> {
  const decision = deferred<void>();
  const asked = deferred<void>();
  core.admit = async (request) => {
    core.admit = negotiate;
    asked.resolve();
    await decision.promise;
    return negotiate(request);
  };
  const peer = await RawSocket.connect(port);
  peer.writeRequest({ protocols: GUESTS });
  await asked.promise;
  await peer.destroy();
  // A server that has heard what came after that has heard of it too, if it listens.
  await ask(port, { headers: NO_UPGRADE });
  decision.resolve();
}

/** Declares the tests. */
export function handshakeSuite(name: string, listen: Listen, traits: HandshakeTraits): void {
  const on = (sentence: string, body: (core: TransportServer, port: number) => Promise<void>) =>
    test(`${name}: ${sentence}`, async () => {
      const core = new TransportServer();
      const { port, stop } = await listen(core);
      try {
        await body(core, port);
        for (const end of core.ends) await end.closed();
      } finally {
        await stop();
      }
      assertEquals(core.errors, []);
    });
  recorded(on, traits);
  refusals(on, traits);
  acceptances(on);
  if (traits.missesLeaving) return;

  on("a peer that leaves while it is decided on harms nobody", async (core, port) => {
    await leaveEarly(core, port);
    assertEquals((await ask(port, { protocols: GUESTS })).status, 101);
  });
}

type On = (sentence: string, body: (core: TransportServer, port: number) => Promise<void>) => void;

/** Asks once, on a connection of its own, and leaves in order if it is let in. */
async function ask(port: number, request: RequestOptions): Promise<HttpAnswer> {
  const peer = await RawSocket.connect(port);
  const answer = await peer.request(request);
  if (answer.status === 101) {
    peer.send(closeFrame(1000));
    await peer.readClose();
  }
  await peer.destroy();
  return answer;
}

function recorded(on: On, { ownHttp }: HandshakeTraits): void {
  for (const [index, { headerLines, selected, ...vector }] of vectors.handshake.entries()) {
    const note = "note" in vector ? vector.note : "";
    const [, request, status] = SPECIAL.find(([start]) => note.startsWith(start)) ?? ["", {}, vector.status!];
    const expected = ownHttp && status === 426 ? 200 : status;
    on(`recorded handshake ${index} is answered with ${expected}${note && `: ${note}`}`, async (core, port) => {
      const answer = await ask(port, { protocols: headerLines, ...request });
      assertEquals([answer.status, answer.headers["sec-websocket-protocol"] ?? null], [expected, selected]);
      assertEquals(core.ends.length, expected === 101 ? 1 : 0);
    });
  }
}

function refusals(on: On, { ownHttp }: HandshakeTraits): void {
  on("a refusal says what was offered and what is supported", async (_, port) => {
    const { status, body, headers } = await ask(port, { protocols: ["a, foxglove.sdk.v9"] });
    assertEquals(status, 400);
    assertStringIncludes(body, "a, foxglove.sdk.v9");
    assertStringIncludes(body, "foxglove.sdk.v1.1, foxglove.sdk.v1, foxglove.websocket.v1");
    assertMatch(headers["content-type"] ?? "", /^text\/plain/);
  });

  on("a refusal of another version or method says the right one", async (_, port) => {
    const version = await ask(port, { protocols: GUESTS, headers: { "Sec-WebSocket-Version": "8" } });
    assertEquals([version.status, version.headers["sec-websocket-version"]], [400, "13"]);
    const method = await ask(port, { protocols: GUESTS, method: "PUT" });
    assertEquals([method.status, method.headers["allow"]], [405, "GET"]);
  });

  on("a request for no WebSocket is the user's own, or told to upgrade", async (_, port) => {
    const requests = [{ headers: NO_UPGRADE }, { headers: NO_UPGRADE, path: "/x", method: "POST" }, {
      headers: { Connection: undefined },
    }];
    for (const request of requests) {
      const { status, headers, body } = await ask(port, request);
      if (ownHttp) assertEquals([status, body], [200, "app\n"]);
      else assertEquals([status, headers["upgrade"], body.split("\n").length], [426, "websocket", 2]);
    }
  });

  on("a peer that speaks no HTTP harms nobody", async (core, port) => {
    const peer = await RawSocket.connect(port);
    peer.write("\x16\x03\x01 what is this\r\n\r\n");
    await peer.end();
    assertEquals((await ask(port, { protocols: GUESTS })).status, 101);
    assertEquals(core.ends.length, 1);
  });
}

function acceptances(on: On): void {
  on("the answer is that of RFC 6455, with one subprotocol and no extension", async (_, port) => {
    const { status, headers } = await ask(port, {
      protocols: ["foxglove.websocket.v1", "foxglove.sdk.v1, foxglove.sdk.v1"],
      headers: { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
    });
    assertEquals(status, 101);
    assertEquals(headers["upgrade"]?.toLowerCase(), "websocket");
    assertEquals(headers["connection"]?.toLowerCase(), "upgrade");
    // SHA-1 of the key and the GUID of the RFC.
    assertEquals(headers["sec-websocket-accept"], "Bz3qJYTGdOe8gUSpLosEdiLKDrk=");
    assertEquals(headers["sec-websocket-protocol"], "foxglove.sdk.v1");
    assertEquals(headers["sec-websocket-extensions"], undefined);
  });

  on("header values are read as RFC 6455 says", async (_, port) => {
    for (
      const headers of [{ Upgrade: "WebSocket" }, { Connection: "keep-alive, Upgrade" }, { Connection: "UPGRADE" }, {
        Upgrade: "h2c, websocket",
      }]
    ) {
      assertEquals((await ask(port, { protocols: GUESTS, headers })).status, 101);
    }
  });

  on("a decision may take its time", async (core, port) => {
    core.admit = async (request) => {
      // Long enough for somebody else to come and go.
      await (await RawSocket.connect(port)).destroy();
      return negotiate(request);
    };
    assertEquals((await ask(port, { protocols: GUESTS })).status, 101);
    assertEquals((await ask(port, { protocols: ["unknown"] })).status, 400);
  });

  on("the server learns path, address and subprotocol", async (core, port) => {
    await ask(port, { protocols: ["foxglove.websocket.v1"], path: "/a/b?c=d" });
    const [peer] = core.peers;
    assertEquals([peer?.url, peer?.address, peer?.protocol], ["/a/b?c=d", "127.0.0.1", "foxglove.websocket.v1"]);
    assertEquals(core.ends[0]?.transport.protocol, "foxglove.websocket.v1");
  });
}
