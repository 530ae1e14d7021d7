/**
 * Cases of assets.
 *
 * @module
 */
import { utf8 } from "../bytes.ts";
import type { ConformCase, Scene } from "../case.ts";
import { Skip } from "../mismatch.ts";
import type { Peer } from "../peer.ts";
import {
  type Asset,
  assetsIn,
  expectFailed,
  expectFound,
  fetched,
  fetching,
  HUGE,
  MISSING,
  nextAsset,
  SMALL,
} from "../steps/assets.ts";
import { check, none, same, sameBytes } from "../steps/check.ts";
import { times } from "../steps/messages.ts";
import { foxwire, sdk, spec } from "../steps/sources.ts";

const NEEDS = { capabilities: ["assets"] } as const;
const HUGE_BYTES = 8 * 1024 * 1024;

/** Fetches what the reference server has. @throws {Skip} when this server has not got it. */
async function found(peer: Peer, uri: string, requestId: number): Promise<Asset> {
  const asset = await fetched(peer, uri, requestId);
  if (asset.status === 1) throw new Skip(`no asset "${uri}"`, `an asset "${uri}"`);
  return asset;
}

/** Fails unless this is answered as what is not there. */
const missing = (uri: string, requestId = 1) => async (scene: Scene): Promise<void> => {
  expectFailed(await fetched(await scene.connect(), uri, requestId));
};

/** The cases. */
export const ASSETS: readonly ConformCase[] = [
  {
    name: "assets/found",
    level: "must",
    rule: "fetchAsset is answered by fetchAssetResponse with the request's id, status 0, no error and the data",
    source: spec("Fetch Asset Response"),
    needs: NEEDS,
    async run(scene) {
      const asset = await found(await scene.connect(), SMALL, 9);
      expectFound(asset);
      check(utf8(asset.data).includes("<robot"), `the text of ${SMALL}`, utf8(asset.data));
    },
  },
  {
    name: "assets/missing",
    level: "must",
    rule: "fetchAsset for what there is not is answered with status 1, an error message and no data",
    source: spec("Fetch Asset Response"),
    needs: NEEDS,
    run: missing(MISSING),
  },
  {
    name: "assets/id-zero",
    level: "must",
    rule: "0 is a request id like any other",
    source: spec("Fetch Asset: unique 32-bit unsigned integer"),
    needs: NEEDS,
    run: missing(MISSING, 0),
  },
  {
    name: "assets/id-max",
    level: "must",
    rule: "Request ids go up to 2^32 - 1",
    source: spec("Fetch Asset: unique 32-bit unsigned integer"),
    needs: NEEDS,
    run: missing(MISSING, 0xffff_ffff),
  },
  {
    name: "assets/text-bytes",
    level: "must",
    rule: "The length of the error message counts bytes of UTF-8, not characters",
    source: spec("Fetch Asset Response: error message length"),
    needs: NEEDS,
    run: missing("package://foxwire_conform/größe\u{1f916}.stl"),
  },
  {
    name: "assets/empty-uri",
    level: "should",
    rule: "An empty URI is answered like any other that stands for nothing",
    source: spec("Fetch Asset Response"),
    needs: NEEDS,
    run: missing(""),
  },
  {
    name: "assets/outside",
    level: "extra",
    rule: "A path that leads out of where assets are gives nothing away",
    source: foxwire("Assets: no handler knows the URI"),
    needs: NEEDS,
    run: missing("package://everything/../../../../../../etc/passwd"),
  },
  {
    name: "assets/files",
    level: "extra",
    rule: "A file URI gives nothing away",
    source: foxwire("Assets: no handler knows the URI"),
    needs: NEEDS,
    run: missing("file:///etc/passwd"),
  },
  {
    name: "assets/huge",
    level: "should",
    rule: "An asset of 8 MiB arrives whole, byte for byte",
    source: sdk("send_asset_response"),
    needs: NEEDS,
    async run(scene) {
      const { data } = await found(await scene.connect(), HUGE, 1);
      sameBytes(data, Uint8Array.from({ length: HUGE_BYTES }, (_, index) => index % 251), HUGE);
    },
  },
  {
    name: "assets/two-at-once",
    level: "must",
    rule: "Requests that are under way together are each answered once, under their own id",
    source: spec("Fetch Asset Response: request id, as given in the corresponding request"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      peer.send(fetching(SMALL, 4), fetching(MISSING, 5), fetching(SMALL, 6), fetching(MISSING, 7));
      const answers = await times(4, () => nextAsset(peer));
      const ids = answers.map(({ requestId }) => requestId).sort();
      same(ids, [4, 5, 6, 7], "request ids of the answers");
      for (const answer of answers.filter(({ requestId }) => requestId % 2 === 1)) expectFailed(answer);
      none(assetsIn(await peer.settle()), "second answer to a request");
    },
  },
  {
    name: "assets/id-again",
    level: "must",
    rule: "A request id can be used again when its request has been answered",
    source: spec("Fetch Asset"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      for (const uri of [MISSING, SMALL, MISSING]) await fetched(peer, uri, 3);
    },
  },
  {
    name: "assets/requester",
    level: "must",
    rule: "The answer goes to the client that asked, and to no other, whatever request ids others use",
    source: spec("Fetch Asset Response"),
    needs: NEEDS,
    async run(scene) {
      const [one, two] = [await scene.connect(), await scene.connect()];
      one.send(fetching(SMALL, 2));
      two.send(fetching(MISSING, 2));
      const small = await nextAsset(one);
      expectFailed(await nextAsset(two));
      if (small.status !== 1) expectFound(small);
      for (const peer of [one, two]) none(assetsIn(await peer.settle()), "answer to a request of another");
    },
  },
  {
    name: "assets/large-blocks-nobody",
    level: "should",
    rule: "While a large asset is under way to one client, another one is answered",
    source: sdk("send_control_msg: each client has queues of its own"),
    needs: NEEDS,
    async run(scene) {
      const [one, two] = [await scene.connect(), await scene.connect()];
      one.send(fetching(HUGE, 1), fetching(HUGE, 2));
      expectFailed(await fetched(two, MISSING, 1));
    },
  },
];
