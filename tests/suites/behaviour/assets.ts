/** Rows of "Server: messages": assets, whose request ids are always answered. */
import { assert, assertEquals } from "@std/assert";
import { bytes, readAsset } from "../../support/raw_bytes.ts";
import type { Received } from "../../support/raw_client.ts";
import { type On, takeErrors } from "./scene.ts";

/** Declares the tests. */
export function assetRows(on: On): void {
  found(on);
  failures(on);
}

const fetching = (requestId: number, uri = "package://robot/arm.stl") => ({ op: "fetchAsset", uri, requestId });

/** Fails unless this is the failure answer of a request. @returns Its text. */
function failureText(message: Received | undefined, requestId: number): string {
  const { error, ...rest } = readAsset(message as Uint8Array);
  assertEquals(rest, { requestId, status: 1, data: new Uint8Array() });
  assert(error.length > 0);
  return error;
}

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

function found(on: On): void {
  const bodies = {
    bytes: () => bytes("solid"),
    "a promise of bytes": () => Promise.resolve(bytes("solid")),
    "a stream": () => streamOf(bytes("so"), bytes("lid")),
  };
  for (const [what, handler] of Object.entries(bodies)) {
    on(`fetchAsset, handler gives ${what}: fetchAssetResponse status 0 with the data`, async ({ server, client }) => {
      server.asset((uri) => uri === "package://robot/arm.stl" ? handler() : undefined);
      const viewer = await client();
      viewer.send(fetching(0xffff_ffff));
      const answer = readAsset(await viewer.expectBinary());
      assertEquals(answer, { requestId: 0xffff_ffff, status: 0, error: "", data: bytes("solid") });
    });
  }
}

function failures(on: On): void {
  on("fetchAsset without capability: fetchAssetResponse status 1", async ({ client }) => {
    const viewer = await client();
    const [answer, ...rest] = await viewer.ask(fetching(5));
    assertEquals(failureText(answer, 5), "Server does not support assets capability");
    assertEquals(rest, []);
  });

  on("fetchAsset, not found: fetchAssetResponse status 1, with every kind of not found", async ({ server, client }) => {
    server.asset(() => undefined);
    server.asset(() => Promise.resolve(undefined));
    const viewer = await client();
    viewer.send(fetching(5, "odd: \u{1f916}"), fetching(6, ""));
    assertEquals(failureText(await viewer.next(), 5), 'Asset not found: "odd: \u{1f916}"');
    failureText(await viewer.next(), 6);
  });

  on("fetchAsset, hidden asset: the same answer as of one that is not there", async ({ server, client }) => {
    server.asset(() => bytes("secret"));
    const viewer = await client();
    viewer.send(fetching(5));
    assertEquals(failureText(await viewer.next(), 5), 'Asset not found: "package://robot/arm.stl"');
  }, { permissions: { fetch: () => false } });

  const error = new Error("Disk is broken");
  const throwers = {
    throws: () => {
      throw error;
    },
    rejects: () => Promise.reject(error),
    "'s stream breaks": () => new ReadableStream<Uint8Array>({ start: (controller) => controller.error(error) }),
  };
  for (const [how, handler] of Object.entries(throwers)) {
    const row = `fetchAsset, handler ${how}: fetchAssetResponse status 1 with its message`.replace(" '", "'");
    on(row, async (scene) => {
      scene.server.asset(handler);
      const viewer = await scene.client();
      viewer.send(fetching(5));
      assertEquals(failureText(await viewer.next(), 5), "Disk is broken");
      assertEquals(await viewer.settle(), []);
      assertEquals(takeErrors(scene), ['asset "package://robot/arm.stl": Disk is broken']);
    });
  }

  on("fetchAsset, too many in flight: status 1 for that request alone", async ({ server, client }) => {
    const answers: ((body: Uint8Array) => void)[] = [];
    server.asset(() => new Promise<Uint8Array>((resolve) => answers.push(resolve)));
    const viewer = await client();
    const [refused, ...rest] = await viewer.ask(fetching(1), fetching(2), fetching(3));
    failureText(refused, 3);
    assertEquals(rest, []);
    for (const [i, answer] of answers.entries()) {
      answer(bytes("late"));
      assertEquals(readAsset(await viewer.expectBinary()).requestId, i + 1);
    }
    assertEquals(answers.length, 2);
  }, { limits: { assetRequests: 2 } });

  on("fetchAsset, request id in flight: status 1, and the first request goes on", async ({ server, client }) => {
    let answer = (_body: Uint8Array) => {};
    server.asset(() => new Promise<Uint8Array>((resolve) => answer = resolve));
    const viewer = await client();
    const [refused] = await viewer.ask(fetching(1), fetching(1));
    failureText(refused, 1);
    answer(bytes("first"));
    assertEquals(readAsset(await viewer.expectBinary()).data, bytes("first"));
  });

  on("fetchAsset, time limit: fetchAssetResponse status 1", async ({ server, client }) => {
    server.asset(() => new Promise<never>(() => {}));
    const viewer = await client();
    viewer.send(fetching(5));
    failureText(await viewer.next(), 5);
  }, { limits: { assetMs: 5 } });
}
