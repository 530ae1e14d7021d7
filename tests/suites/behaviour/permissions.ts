/** Rows of "Permissions": no client sees, receives or can name what its filter hides. */
import { assert, assertEquals } from "@std/assert";
import type { FoxgloveServer, ServerOptions } from "../../../src/server/server.ts";
import { bytes, playbackRequest, serviceCall, utf8 } from "../../support/raw_bytes.ts";
import { type RawClient, type Received, status } from "../../support/raw_client.ts";
import { RawSocket } from "../../support/raw_socket.ts";
import type { On, Scene } from "./scene.ts";

/** Declares the tests. */
export function permissionRows(on: On): void {
  sameAnswers(on);
  unseen(on);
  lesserRights(on);
  refusedUpgrades(on);
}

/** Nothing that a guest gets may have this in it, unless it has named it itself. */
const SECRET = "secret";

/** The first client is the owner, all others are guests. */
const guard = ({ id }: { id: number }, name: string) => id === 1 || !name.includes(SECRET);

const HIDING: ServerOptions = {
  clientPublish: true,
  connectionGraph: true,
  permissions: { see: guard, call: guard, get: guard, fetch: guard },
};

/** What there is twice: for everybody, and for the owner alone. */
interface Hidden {
  channel: number;
  service: number;
}

/** Adds one of everything that is secret, and one that is not. */
function furnish(server: FoxgloveServer): Hidden {
  const secret = server.channel("/secret", { encoding: "raw", latch: true });
  secret.publish(bytes(SECRET));
  server.channel("/open", { encoding: "raw" });
  const service = server.service("/secret", {}, () => SECRET);
  server.service("/open", {}, () => "open");
  server.parameters.set("secret", 1);
  server.parameters.set("open", 2);
  server.asset((uri) => uri.includes("absent") ? undefined : bytes(uri));
  server.graph.publish("/secret/node", "node");
  server.graph.provide("/secret/service", "node");
  return { channel: secret.id, service: service.id };
}

async function ownerAndGuest(scene: Scene): Promise<[owner: RawClient, guest: RawClient, hidden: Hidden]> {
  const hidden = furnish(scene.server);
  return [await scene.client(), await scene.client(), hidden];
}

function textOf(message: Received): string {
  return message instanceof Uint8Array ? new TextDecoder("latin1").decode(message) : JSON.stringify(message);
}

function assertNoSecret(messages: Received[]): void {
  for (const message of messages) assert(!textOf(message).includes(SECRET), textOf(message));
}

/** A request about something hidden, and the same about what does not exist. */
interface Twins {
  what: string;
  /** By what the two are asked for. */
  subjects(hidden: Hidden): [hidden: number, absent: number] | [hidden: string, absent: string];
  request(subject: number | string): object | Uint8Array;
}

const NO_ID = 7777;
/** Hidden from the guest, and there is no such thing either. */
const SECRET_TOO = "secret that is not";
const NAMES = (): [string, string] => [SECRET, SECRET_TOO];

const TWINS: Twins[] = [
  {
    what: "subscribe",
    subjects: ({ channel }) => [channel, NO_ID],
    request: (channelId) => ({ op: "subscribe", subscriptions: [{ id: 50, channelId }] }),
  },
  {
    what: "service call",
    subjects: ({ service }) => [service, NO_ID],
    request: (serviceId) => serviceCall(serviceId as number, 50, "json", "1"),
  },
  {
    what: "getParameters",
    subjects: () => [SECRET, "absent"],
    request: (name) => ({ op: "getParameters", parameterNames: [name, "open"], id: "a" }),
  },
  {
    what: "setParameters",
    subjects: NAMES,
    request: (name) => ({ op: "setParameters", parameters: [{ name, value: 5 }], id: "a" }),
  },
  {
    what: "setParameters, deleting",
    subjects: NAMES,
    request: (name) => ({ op: "setParameters", parameters: [{ name }], id: "a" }),
  },
  {
    what: "fetchAsset",
    subjects: () => [SECRET, "absent"],
    request: (name) => ({ op: "fetchAsset", uri: `package://${name}`, requestId: 1 }),
  },
];

function sameAnswers(on: On): void {
  for (const { what, subjects, request } of TWINS) {
    on(`${what} of something hidden: the answer is that of what does not exist`, async (scene) => {
      const [owner, guest, things] = await ownerAndGuest(scene);
      const [hidden, absent] = subjects(things);
      const ask = async (client: RawClient, subject: number | string) => {
        client.send(request(subject));
        const messages = [await client.next(), ...await client.settle()];
        return messages.map((message) => textOf(message).replaceAll(new RegExp(`\\b${subject}\\b`, "g"), "SUBJECT"));
      };
      const answers = await ask(guest, hidden);
      assertEquals(answers, await ask(guest, absent));
      assert(!answers.join().includes(SECRET), answers.join());
      assertEquals(scene.server.parameters.get(SECRET), 1);
      assert((await ask(owner, hidden)).join() !== answers.join(), "the owner gets something else");
    }, HIDING);
  }
}

function unseen(on: On): void {
  for (const protocol of ["foxglove.sdk.v1", "foxglove.sdk.v1.1"]) {
    on(`nothing hidden is in the greeting, nor told of later, nor when it goes (${protocol})`, async (scene) => {
      const { server } = scene;
      const secret = server.channel("/secret/early", {
        encoding: "json",
        schema: { name: "secret", encoding: "jsonschema", data: '{"title":"secret"}' },
      });
      furnish(server);
      const owner = await scene.client(protocol);
      const guest = await scene.client(protocol);
      assert(textOf(owner.greeting[1]!).includes(SECRET));
      assertNoSecret(guest.greeting);
      const everything = [{ op: "subscribeParameterUpdates", parameterNames: [] }, { op: "subscribeConnectionGraph" }, {
        op: "getParameters",
        parameterNames: [],
        id: "a",
      }];
      assertNoSecret(await guest.ask(...everything));
      const heard = await owner.ask(...everything);
      assert(heard.some((message) => textOf(message).includes(SECRET)));
      // By own code, and by the owner.
      const late = server.channel("/secret/late", { encoding: "raw" });
      const service = server.service("/secret/late", {}, () => SECRET);
      const node = server.graph.subscribe("/secret/late", "node");
      server.parameters.set(SECRET, 3);
      owner.send(
        { op: "subscribe", subscriptions: [{ id: 1, channelId: secret.id }] },
        { op: "advertise", channels: [{ id: 1, topic: "/secret/out", encoding: "raw", schemaName: "" }] },
        { op: "setParameters", parameters: [{ name: SECRET, value: 4 }, { name: "open", value: 4 }], id: "b" },
      );
      await owner.settle();
      secret.publish(SECRET);
      const update = { op: "parameterValues", parameters: [{ name: "open", value: 4 }] };
      assertEquals(await guest.settle(), [update]);
      for (const gone of [secret, late, service]) gone.close();
      node[Symbol.dispose]();
      server.parameters.delete(SECRET);
      await owner.close();
      // Not even that an id has gone.
      assertEquals(await guest.settle(), []);
    }, HIDING);
  }

  on("hidden ids cannot be found out: no id of a list that was tried gives another answer", async (scene) => {
    const [, guest] = await ownerAndGuest(scene);
    const ids = Array.from({ length: 50 }, (_, id) => id).filter((id) => id !== 2);
    for (const channelId of ids) {
      const answer = await guest.ask({ op: "subscribe", subscriptions: [{ id: 1, channelId }] });
      assertEquals(answer, [status("error", `Unknown channel ID: ${channelId}`)]);
      const [failure] = await guest.ask(serviceCall(channelId, 1, "json", "1"));
      const message = `Unknown service ID: ${channelId}`;
      assertEquals(failure, { op: "serviceCallFailure", serviceId: channelId, callId: 1, message });
    }
    assertEquals(scene.server.stats().subscriptions, 0);
  }, HIDING);
}

function lesserRights(on: On): void {
  const may = (right: string) => ({ permissions: { [right]: guard }, clientPublish: true });

  on('"subscribe": a channel that a client may only see', async (scene) => {
    const [owner, guest, { channel }] = await ownerAndGuest(scene);
    const subscribe = { op: "subscribe", subscriptions: [{ id: 1, channelId: channel }, { id: 2, channelId: 2 }] };
    const text = `Client may not subscribe to channel: ${channel}; ignoring subscription`;
    assertEquals(await guest.ask(subscribe), [status("error", text)]);
    owner.send(subscribe);
    assertEquals(utf8((await owner.expectBinary()).subarray(13)), SECRET);
    assertEquals(await owner.settle(), []);
  }, may("subscribe"));

  on('"publish": a topic that a client may not publish on', async (scene) => {
    const [owner, guest] = await ownerAndGuest(scene);
    const channels = ["/secret", "/open"].map((topic, id) => ({ id, topic, encoding: "raw", schemaName: "" }));
    const text = "Client may not publish on topic: /secret; ignoring advertisement of channel 0";
    assertEquals(await guest.ask({ op: "advertise", channels }), [status("error", text)]);
    assertEquals(await owner.ask({ op: "advertise", channels }), []);
  }, may("publish"));

  on('"set": a parameter that a client may only read', async (scene) => {
    const [owner, guest] = await ownerAndGuest(scene);
    const set = { op: "setParameters", parameters: [{ name: SECRET, value: 5 }, { name: "open", value: 5 }], id: "a" };
    const reply = (value: number) => ({
      op: "parameterValues",
      parameters: [{ name: SECRET, value }, { name: "open", value: 5 }],
      id: "a",
    });
    const text = `Parameter ${SECRET} was not set: it is not permitted`;
    assertEquals(await guest.ask(set), [status("error", text), reply(1)]);
    assertEquals(await owner.ask(set), [reply(5)]);
  }, may("set"));

  on('"control": playback that a client may only watch', async (scene) => {
    const calls: string[] = [];
    const note = (call: string) => () => void calls.push(call);
    scene.server.playback({
      startTime: 0n,
      endTime: 9n,
      play: note("play"),
      pause() {},
      seek: note("seek"),
      setSpeed() {},
    });
    const [owner, guest] = [await scene.client(), await scene.client()];
    const request = playbackRequest({ seekTime: 5n });
    assertEquals(await guest.ask(request), [status("error", "Client may not control playback")]);
    assertEquals(calls, []);
    owner.send(request);
    for (const each of [owner, guest]) assertEquals((await each.expectBinary())[0], 5);
    assertEquals(calls, ["seek", "play"]);
  }, { permissions: { control: ({ id }) => id === 1 } });
}

function refusedUpgrades(on: On): void {
  const refusals: Record<string, [options: ServerOptions, status: number, body: string, request?: object]> = {
    "not authorized": [{ authorize: () => false }, 403, "Not authorized\n"],
    "with a reason": [{ authorize: () => ({ status: 401, reason: "Who are you?" }) }, 401, "Who are you?\n"],
    "of a page": [{ allowedOrigins: [] }, 403, "Origin is not allowed\n", { headers: { Origin: "http://a.example" } }],
    "too many": [{ limits: { clients: 0 } }, 503, "Server has as many clients as it allows\n"],
  };
  for (const [what, [options, expected, text, request]] of Object.entries(refusals)) {
    on(`a refused upgrade reveals nothing but the reason (${what})`, async (scene) => {
      furnish(scene.server);
      const peer = await RawSocket.connect(scene.port);
      const { status, body, headers } = await peer.request({ protocols: ["foxglove.sdk.v1"], ...request });
      assertEquals([status, body], [expected, text]);
      const all = JSON.stringify([headers, body]);
      for (const word of [SECRET, "robot", "fox", "/open", "services"]) assert(!all.toLowerCase().includes(word), all);
      // And nothing follows: no greeting, no socket that stays.
      await peer.destroy();
      assertEquals(scene.server.stats().sentMessages, 0);
    }, { name: "robot of a secret kind", ...options });
  }
}
