/**
 * Who is let in, on a raw socket: `authorize`, `allowedOrigins` and the number of clients.
 * `tests/runtime/admission_test.ts` runs it for each way to serve.
 */
import { assert, assertEquals } from "@std/assert";
import type { Authorize } from "../../src/server/admission.ts";
import type { Permissions } from "../../src/server/permissions.ts";
import { FoxgloveServer, type ServerOptions } from "../../src/server/server.ts";
import { deferred } from "../../src/util/async.ts";
import { utf8 } from "../support/raw_bytes.ts";
import { type HttpAnswer, RawSocket, type RequestOptions } from "../support/raw_socket.ts";
import type { Listen } from "../support/listeners.ts";
import { test } from "../support/test.ts";
import { nextEvent } from "../support/wire_client.ts";

interface Scene {
  server: FoxgloveServer;
  /** What the server reported. */
  errors: unknown[];
  port: number;
}

const OFFER: RequestOptions = { protocols: ["foxglove.sdk.v1"] };

/** What an adapter can do. */
export interface AdmissionTraits {
  /** A client that leaves right before its upgrade is forgotten; Deno.serve waits for it for ever, in its shutdown() too. */
  noticesLeavers: boolean;
}

/** Declares the tests. */
export function admissionSuite(name: string, listen: Listen, traits: AdmissionTraits = { noticesLeavers: true }): void {
  const on = (sentence: string, options: ServerOptions, body: (scene: Scene) => Promise<void>) =>
    test(`${name}: ${sentence}`, async () => {
      const server = new FoxgloveServer(options);
      const errors: unknown[] = [];
      server.on("error", ({ error }) => errors.push(error));
      const { port, stop } = await listen(server);
      try {
        await body({ server, errors, port });
      } finally {
        await server.close({ timeoutMs: 1000 });
        await stop();
      }
    });
  authorizations(on);
  if (traits.noticesLeavers) leavers(on);
  waits(on);
  origins(on);
  numbers(on);
}

/** The topics that a client is told of. */
async function topicsOf(port: number, path: string): Promise<unknown[]> {
  const peer = await RawSocket.connect(port);
  await peer.request({ ...OFFER, path });
  await peer.readFrame();
  const { channels } = JSON.parse(utf8((await peer.readFrame()).payload));
  await peer.destroy();
  return channels.map(({ topic }: { topic: string }) => topic);
}

type On = (sentence: string, options: ServerOptions, body: (scene: Scene) => Promise<void>) => void;

/** The answer to a request on a connection of its own. */
async function ask(port: number, request: RequestOptions = {}): Promise<HttpAnswer> {
  const peer = await RawSocket.connect(port);
  const answer = await peer.request({ ...OFFER, ...request });
  await peer.destroy();
  return answer;
}

function authorizations(on: On): void {
  const asked: Parameters<Authorize>[0][] = [];
  const authorize: Authorize = (request) => {
    asked.push(request);
    return request.url.includes("token=good") && request.headers.get("x-robot") === "r2";
  };
  on("authorize sees url, headers and address, and true lets in", { authorize }, async ({ server, port }) => {
    const request = { path: "/live?token=good", headers: { "X-Robot": "r2" } };
    assertEquals((await ask(port, request)).status, 101);
    assertEquals([asked[0]!.url, asked[0]!.address], ["/live?token=good", "127.0.0.1"]);
    assertEquals((await ask(port)).status, 403);
    assertEquals(server.stats().sentMessages > 0, true);
  });

  on("authorize is not asked about what is no handshake", { authorize }, async ({ port }) => {
    const before = asked.length;
    await ask(port, { headers: { Upgrade: undefined, Connection: undefined } });
    assertEquals((await ask(port, { protocols: ["chat"] })).status, 400);
    assertEquals(asked.length, before);
  });

  const refusals: [what: string, authorize: Authorize, status: number, body: string, mistake?: string][] = [
    ["false", () => false, 403, "Not authorized\n"],
    ["false, later", () => Promise.resolve(false), 403, "Not authorized\n"],
    ["a reason", () => ({ reason: "Guests come on Sundays" }), 403, "Guests come on Sundays\n"],
    ["401", () => Promise.resolve({ status: 401, reason: "Who is there?" }), 401, "Who is there?\n"],
    ["nothing", () => undefined as never, 403, "Not authorized\n", "undefined"],
    ["something true", () => 1 as never, 403, "Not authorized\n", "number 1"],
    ["a member of another name", () => ({ user: "Ann" }) as never, 403, "Not authorized\n", "{ user }"],
    ["the identity of nobody", () => ({ identity: undefined as never }), 403, "Not authorized\n"],
    ["an identity that is null", () => Promise.resolve({ identity: null as never }), 403, "Not authorized\n"],
    ["a status that it may not choose", () => ({ status: 302 }) as never, 403, "Not authorized\n", "{ status }"],
  ];
  for (const [what, authorize, status, body, mistake] of refusals) {
    on(`authorize refuses with ${what}: ${status}, and nothing but the reason`, { authorize }, async (scene) => {
      const answer = await ask(scene.port);
      assertEquals([answer.status, answer.body], [status, body]);
      assertEquals(answer.headers["www-authenticate"], status === 401 ? "Bearer" : undefined);
      assert(!JSON.stringify(answer).toLowerCase().includes("fox"), JSON.stringify(answer));
      assertEquals(scene.server.clients.size, 0);
      const errors = scene.errors.map((error) => (error as Error).message.split(",")[0]);
      assertEquals(errors, mistake === undefined ? [] : [`authorize answered ${mistake}`]);
    });
  }

  const guests: Record<string, unknown> = { ann: { name: "Ann", admin: true }, bob: "Bob" };
  const known: Authorize = async ({ url }) => ({ identity: (await guests[url.slice(1)])! });
  const permissions: Permissions = { see: ({ identity }, topic) => identity === guests.ann || topic !== "/internal" };
  on("the identity that authorize gives is the client's, and the filters'", {
    authorize: known,
    permissions,
  }, async ({ server, port }) => {
    for (const topic of ["/internal", "/pose"]) server.channel(topic, { encoding: "json" });
    const seen: unknown[] = [];
    server.on("connect", ({ client }) => seen.push(client.identity));
    assertEquals(await topicsOf(port, "/ann"), ["/internal", "/pose"]);
    assertEquals(await topicsOf(port, "/bob"), ["/pose"]);
    assertEquals((await ask(port, { path: "/eve" })).status, 403);
    assertEquals(seen, [guests.ann, guests.bob]);
  });

  on("who was let in with true has no identity", { authorize: () => true }, async ({ server, port }) => {
    const connected = nextEvent(server, "connect");
    await ask(port);
    assertEquals((await connected).client.identity, undefined);
  });

  const challenge = 'Basic realm="robot"\r\nX-Injected: 1';
  on("a challenge is one header line", { authorize: () => ({ status: 401, challenge }) }, async ({ port }) => {
    const { headers } = await ask(port);
    assertEquals(headers["www-authenticate"], 'Basic realm="robot"X-Injected: 1');
    assertEquals(headers["x-injected"], undefined);
  });

  const fails = {
    throws: () => {
      throw new Error("The password is 1234");
    },
    rejects: () => Promise.reject(new Error("The password is 1234")),
  };
  for (const [what, authorize] of Object.entries(fails)) {
    on(`authorize that ${what}: 500 without a word of it, and the error event`, { authorize }, async (scene) => {
      const { status, body } = await ask(scene.port);
      assertEquals([status, body], [500, "Internal server error\n"]);
      assertEquals(scene.errors.map((error) => (error as Error).message), ["The password is 1234"]);
    });
  }
}

function waits(on: On): void {
  const limits = { authorizeMs: 20 };
  on("authorize that never answers: 500 after its time limit", { authorize: never, limits }, async (scene) => {
    assertEquals((await ask(scene.port)).status, 500);
    assertEquals(scene.errors.map((error) => (error as Error).message), ["No answer of authorize within 20 ms"]);
  });

  const waiting = deferred<void>();
  const wait = () => {
    waiting.resolve();
    return never();
  };
  on("close() answers those who wait for their authorization with 503", { authorize: wait }, async (scene) => {
    const answer = ask(scene.port);
    await waiting.promise;
    await scene.server.close();
    const { status, body } = await answer;
    assertEquals([status, body], [503, "Server is closing\n"]);
  });
}

function leavers(on: On): void {
  const asked = deferred<void>();
  const verdict = deferred<boolean>();
  const authorize = () => {
    asked.resolve();
    return verdict.promise;
  };
  on("a client that leaves while it is being authorized is no client", { authorize }, async (scene) => {
    const peer = await RawSocket.connect(scene.port);
    const answer = peer.request(OFFER).catch(() => {});
    await asked.promise;
    peer.reset();
    await answer;
    verdict.resolve(true);
    assertEquals((await ask(scene.port)).status, 101, "others go on");
    while (scene.server.clients.size > 0) await new Promise((resolve) => scene.server.on("disconnect", resolve));
    assertEquals(scene.errors, []);
  });
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function origins(on: On): void {
  const allowedOrigins = ["https://App.example.com/", "http://localhost:8080", "app://Lichtblick", "null"];
  on(
    "allowedOrigins lets pages of these origins in, and programs, which have none",
    { allowedOrigins },
    async (scene) => {
      const good = ["https://app.example.com", "http://localhost:8080", "app://lichtblick", "null", undefined];
      for (const Origin of good) assertEquals((await ask(scene.port, { headers: { Origin } })).status, 101, Origin);
    },
  );

  on("allowedOrigins refuses all other pages with 403", { allowedOrigins }, async ({ server, port }) => {
    const bad = [
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://app.example.com.evil.com",
      "https://evil.com",
      "http://localhost",
      "",
      "https://evil.com, https://app.example.com",
    ];
    for (const Origin of bad) {
      const { status, body } = await ask(port, { headers: { Origin } });
      assertEquals([status, body], [403, "Origin is not allowed\n"], Origin);
    }
    assertEquals(server.clients.size, 0);
  });

  on("without allowedOrigins every page is let in", {}, async ({ port }) => {
    assertEquals((await ask(port, { headers: { Origin: "https://evil.com" } })).status, 101);
  });
}

function numbers(on: On): void {
  on(
    "clients, limit N: the client N + 1 is told 503 and when to come again",
    { limits: { clients: 2 } },
    async (scene) => {
      const peers = [await RawSocket.open(scene.port), await RawSocket.open(scene.port)];
      const { status, headers, body } = await ask(scene.port);
      assertEquals([status, headers["retry-after"]], [503, "5"]);
      assertEquals(body, "Server has as many clients as it allows\n");
      for (const peer of peers) await peer.destroy();
    },
  );

  const both = deferred<void>();
  const verdict = deferred<boolean>();
  let waiting = 0;
  const authorize = () => {
    if (++waiting === 2) both.resolve();
    return verdict.promise;
  };
  on(
    "clients, limit N: those who wait for their authorization count, and the next one is not even asked about",
    { authorize, limits: { clients: 2 } },
    async (scene) => {
      const asked = [ask(scene.port), ask(scene.port)];
      await both.promise;
      const { status, body } = await ask(scene.port);
      assertEquals([status, body, waiting], [503, "Server has as many clients as it allows\n", 2]);
      verdict.resolve(true);
      assertEquals((await Promise.all(asked)).map(({ status }) => status), [101, 101]);
    },
  );

  const refused: Authorize = ({ url }) => url === "/throws" ? Promise.reject(new Error("no")) : Promise.resolve(false);
  on(
    "clients, limit N: who was refused takes no room",
    { authorize: refused, limits: { clients: 1 } },
    async (scene) => {
      for (let i = 0; i < 3; i++) {
        assertEquals((await ask(scene.port)).status, 403);
        assertEquals((await ask(scene.port, { path: "/throws" })).status, 500);
      }
      assertEquals(scene.errors.length, 3);
    },
  );
}
