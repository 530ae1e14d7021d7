/**
 * Cases of the opening handshake, on raw sockets.
 *
 * @module
 */
import { SUBPROTOCOLS } from "../../protocol/constants.ts";
import type { ConformCase, Scene } from "../case.ts";
import { Mismatch, Skip } from "../mismatch.ts";
import { clientFrame, FRAMES } from "../frames.ts";
import { ACCEPT, type HttpAnswer, type RequestOptions } from "../raw_socket.ts";
import { check, same } from "../steps/check.ts";
import { foxwire, rfc, sdk } from "../steps/sources.ts";

const NEEDS = { rawSocket: true } as const;
const RFC = (section: string) => rfc(6455, section);

/** Asks, and gives the head of the answer. */
async function ask(scene: Scene, options: RequestOptions): Promise<HttpAnswer> {
  return await (await scene.raw()).request(options);
}

/** The usual handshake. */
function open(scene: Scene, options: RequestOptions = {}): Promise<HttpAnswer> {
  return ask(scene, { protocols: [scene.protocol], ...options });
}

/** Fails unless a request becomes a connection that speaks the subprotocol of this run. */
const accepts = (options: (scene: Scene) => RequestOptions) => async (scene: Scene): Promise<void> => {
  const { status, headers } = await open(scene, options(scene));
  same([status, headers["sec-websocket-protocol"]], [101, scene.protocol], "status and subprotocol");
};

/** Fails unless a request is refused by an HTTP answer; one of these, if the rule says so. */
const refuses =
  (options: (scene: Scene) => RequestOptions, statuses?: readonly number[]) => async (scene: Scene): Promise<void> => {
    const { status } = await open(scene, options(scene));
    const what = statuses === undefined ? "an HTTP status from 400 to 499" : `HTTP status ${statuses.join(" or ")}`;
    check(statuses?.includes(status) ?? (status >= 400 && status < 500), what, status);
  };

/** Fails when a request becomes a connection that speaks a subprotocol; how it is refused is another matter. */
const takesNot = (options: (scene: Scene) => RequestOptions) => async (scene: Scene): Promise<void> => {
  const answer = await open(scene, options(scene)).catch((error) => {
    if (!(error instanceof Mismatch)) throw error;
  });
  const taken = answer?.status === 101 && answer.headers["sec-websocket-protocol"];
  check(!taken, "no connection with a subprotocol", `status 101 and ${taken}`);
};

const badKey = (key: string | undefined) => () => ({ headers: { "Sec-WebSocket-Key": key } });

/** The cases. */
export const HANDSHAKE: readonly ConformCase[] = [
  {
    name: "handshake/accept",
    needs: NEEDS,
    level: "must",
    rule: "An accepted handshake is answered by 101 with Upgrade, Connection, and the accept value of the client's key",
    source: RFC("4.2.2"),
    async run(scene) {
      const { status, headers } = await open(scene);
      same(status, 101, "status");
      same(headers.upgrade?.toLowerCase(), "websocket", "Upgrade");
      check(/(^|,)\s*upgrade\s*(,|$)/i.test(headers.connection ?? ""), "Connection: Upgrade", headers.connection);
      same(headers["sec-websocket-accept"], ACCEPT, "Sec-WebSocket-Accept");
    },
  },
  {
    name: "handshake/subprotocol",
    needs: NEEDS,
    level: "must",
    rule: "The answer names the one subprotocol that was chosen, exactly as it was offered",
    source: RFC("4.2.2"),
    run: accepts(() => ({})),
  },
  {
    name: "handshake/no-extension",
    needs: NEEDS,
    level: "must",
    rule: "The answer has no extension that was not offered",
    source: RFC("4.2.2"),
    async run(scene) {
      same((await open(scene)).headers["sec-websocket-extensions"], undefined, "Sec-WebSocket-Extensions");
    },
  },
  {
    name: "handshake/unknown-among",
    needs: NEEDS,
    level: "must",
    rule: "Names that the server does not know are passed over",
    source: RFC("4.2.2"),
    run: accepts(({ protocol }) => ({ protocols: [`x.unknown, ${protocol}, y.unknown`] })),
  },
  {
    name: "handshake/blanks",
    needs: NEEDS,
    level: "must",
    rule: "The names of the list may have blanks around them, or none",
    source: rfc(9110, "5.6.1"),
    async run(scene) {
      await accepts(({ protocol }) => ({ protocols: [`  x.unknown ,\t${protocol} \t,y.unknown`] }))(scene);
      await accepts(({ protocol }) => ({ protocols: [`x.unknown,${protocol},y.unknown`] }))(scene);
    },
  },
  {
    name: "handshake/several-lines",
    needs: NEEDS,
    level: "must",
    rule: "The list of subprotocols may be spread over several header lines",
    source: RFC("11.3.4"),
    run: accepts(({ protocol }) => ({ protocols: ["x.unknown", protocol] })),
  },
  {
    name: "handshake/newest",
    needs: NEEDS,
    level: "should",
    rule: "Of the names that both sides know the newest is chosen, in whatever order the client lists them",
    source: sdk("do_handshake: the server's order decides"),
    async run(scene) {
      const taken = await takenBy(scene);
      for (const list of [taken, [...taken].reverse()]) {
        const { headers } = await open(scene, { protocols: [list.join(", ")] });
        same(headers["sec-websocket-protocol"], taken[0], `choice from ${list.join(", ")}`);
      }
    },
  },
  {
    name: "handshake/empty-names",
    needs: NEEDS,
    level: "extra",
    rule: "Empty names in the list are passed over, and so is one that comes twice",
    source: rfc(9110, "5.6.1", "a recipient must parse and ignore empty list elements"),
    run: accepts(({ protocol }) => ({ protocols: [`,, ${protocol}, ${protocol},`] })),
  },
  {
    name: "handshake/case",
    needs: NEEDS,
    level: "should",
    rule: "Names of subprotocols are compared with upper and lower case",
    source: RFC("1.9 and 11.5"),
    run: takesNot(({ protocol }) => ({ protocols: [protocol.toUpperCase()] })),
  },
  {
    name: "handshake/whole-names",
    needs: NEEDS,
    level: "must",
    rule: "A name that only begins like one of the server's is none of them",
    source: RFC("4.2.2"),
    run: takesNot(({ protocol }) => ({ protocols: [`${protocol}0`] })),
  },
  {
    name: "handshake/no-common",
    needs: NEEDS,
    level: "should",
    rule: "A client with which the server has no subprotocol in common is refused by an HTTP answer from 400 to 499",
    source: sdk("do_handshake: 400"),
    run: refuses(() => ({ protocols: ["x.unknown"] })),
  },
  {
    name: "handshake/no-offer",
    needs: NEEDS,
    level: "should",
    rule: "A client that offers no subprotocol is refused by an HTTP answer from 400 to 499",
    source: sdk("do_handshake: 400"),
    run: refuses(() => ({ protocols: [] })),
  },
  {
    name: "handshake/no-common-400",
    needs: NEEDS,
    level: "extra",
    rule: "Without a common subprotocol the HTTP status is 400, with a text that says what is supported",
    source: foxwire("Before the upgrade"),
    async run(scene) {
      const socket = await scene.raw();
      const answer = await socket.request({ protocols: ["x.unknown"] });
      same(answer.status, 400, "status");
      const body = await socket.body(answer);
      check(body.includes(scene.protocol), `a text with ${scene.protocol}`, body);
    },
  },
  {
    name: "handshake/plain-http",
    needs: NEEDS,
    level: "should",
    rule: "An HTTP request that is no handshake gets an HTTP answer, and not just the end of the connection",
    source: foxwire("Before the upgrade"),
    async run(scene) {
      const { status } = await ask(scene, { headers: NO_UPGRADE });
      check(status !== 101 && status > 0, "an HTTP status", status);
    },
  },
  {
    name: "handshake/plain-http-426",
    needs: NEEDS,
    level: "extra",
    rule:
      "An HTTP request that is no handshake, and that no other program takes, is answered by 426 with Upgrade: websocket",
    source: rfc(9110, "15.5.22"),
    async run(scene) {
      const { status, headers } = await ask(scene, { headers: NO_UPGRADE });
      same([status, headers.upgrade], [426, "websocket"], "status and Upgrade");
    },
  },
  {
    name: "handshake/version",
    needs: NEEDS,
    level: "must",
    rule: "A handshake of a version that the server does not know is refused",
    source: RFC("4.2.2"),
    run: takesNot(({ protocol }) => ({ protocols: [protocol], headers: { "Sec-WebSocket-Version": "99" } })),
  },
  {
    name: "handshake/no-key",
    needs: NEEDS,
    level: "must",
    rule: "A handshake without a key is refused",
    source: RFC("4.2.1"),
    run: takesNot(badKey(undefined)),
  },
  {
    name: "handshake/bad-key",
    needs: NEEDS,
    level: "should",
    rule: "A handshake whose key is not base64 of 16 bytes is refused by an HTTP answer from 400 to 499",
    source: RFC("4.2.1"),
    run: refuses(badKey("short")),
  },
  {
    name: "handshake/method",
    needs: NEEDS,
    level: "must",
    rule: "A handshake that is no GET is refused",
    source: RFC("4.2.1"),
    run: takesNot(() => ({ method: "POST", headers: { "Content-Length": "0" } })),
  },
  {
    name: "handshake/header-case",
    needs: NEEDS,
    level: "must",
    rule:
      "Names of headers, and the values of Upgrade and Connection, are compared without case; Connection may be a list",
    source: RFC("4.2.1"),
    run: accepts(() => ({ headers: { Upgrade: undefined, upgrade: "WebSocket", Connection: "keep-alive, upgrade" } })),
  },
  {
    name: "handshake/path",
    needs: NEEDS,
    level: "should",
    rule: "A query behind the path changes nothing: viewers pass what their users have typed",
    source: foxwire("Before the upgrade"),
    run: accepts(({ url }) => ({ path: withQuery(new URL(url), "user=me&x=%20") })),
  },
  {
    name: "handshake/slow",
    needs: NEEDS,
    level: "must",
    rule: "A handshake may come in many packets",
    source: rfc(9293, "2.2", "TCP is a stream of bytes, packets mean nothing"),
    run: accepts(() => ({ slowly: true })),
  },
  {
    name: "handshake/behind",
    needs: NEEDS,
    level: "extra",
    rule: "Frames that come in the same packet as the handshake are read",
    source: foxwire("Before the upgrade"),
    async run(scene) {
      const socket = await scene.raw();
      const ping = clientFrame(FRAMES.ping, "behind");
      same((await socket.request({ protocols: [scene.protocol], behind: ping })).status, 101, "status");
      const { payload } = await socket.frameOf(FRAMES.pong, "a pong");
      same(new TextDecoder().decode(payload), "behind", "payload of the pong");
    },
  },
  {
    name: "handshake/extension-offered",
    needs: NEEDS,
    level: "must",
    rule:
      "A client may offer permessage-deflate; the server takes it or leaves it, and reads what is not compressed either way",
    source: rfc(7692, "6"),
    async run(scene) {
      const socket = await scene.raw();
      const headers = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
      const answer = await socket.request({ protocols: [scene.protocol], headers });
      same(answer.status, 101, "status");
      const chosen = answer.headers["sec-websocket-extensions"] ?? "permessage-deflate";
      check(/^permessage-deflate\b/.test(chosen), "permessage-deflate, or nothing", chosen);
      socket.write(clientFrame(FRAMES.ping, "plain"));
      await socket.frameOf(FRAMES.pong, "a pong");
    },
  },
];

const NO_UPGRADE = {
  Upgrade: undefined,
  Connection: "close",
  "Sec-WebSocket-Version": undefined,
  "Sec-WebSocket-Key": undefined,
};

/** Path and query of an address, which may hold a token, with more behind. */
function withQuery({ pathname, search }: URL, more: string): string {
  return `${pathname}${search === "" ? "?" : `${search}&`}${more}`;
}

/** The subprotocols that the server takes, the newest first. */
async function takenBy(scene: Scene): Promise<string[]> {
  const taken: string[] = [];
  for (const name of SUBPROTOCOLS) {
    if ((await ask(scene, { protocols: [name] })).status === 101) taken.push(name);
  }
  if (taken.length < 2) throw new Skip("the server takes only one subprotocol");
  return taken;
}
