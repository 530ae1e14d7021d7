/** Assets of the model. */
import { Buffer } from "node:buffer";
import { reversed, text, u32, u8 } from "./bytes.ts";
import type { Client } from "./client.ts";
import type { FaultName } from "./faults.ts";
import { integer, type Invalid, type Json, string } from "./invalid.ts";
import type { Feature, Model } from "./model.ts";

const HUGE_BYTES = 8 * 1024 * 1024;

/** Made once: that takes a moment. */
let HUGE: Buffer | undefined;

const ASSETS = new Map<string, () => Buffer>([
  ["package://everything/robot.urdf", () => Buffer.from('<robot name="everything"><link name="base"/></robot>\n')],
  ["package://everything/huge.bin", () => HUGE ??= hugeBytes()],
]);

export class Assets implements Feature {
  readonly capabilities = () => ["assets"];
  readonly ops = { fetchAsset: (client: Client, message: Json) => this.#fetch(client, message) };
  readonly #model: Model;

  /** Ids that there were. */
  readonly #used = new Set<number>();

  constructor(model: Model) {
    this.#model = model;
  }

  #has(fault: FaultName): boolean {
    return this.#model.faults.has(fault);
  }

  /** Answers that there is nothing. */
  static refuse(client: Client, requestId: number, reason: string): void {
    client.binary(4, u32(requestId), u8(1), text(reason));
  }

  #fetch(client: Client, message: Json): void {
    const requestId = integer(message, "requestId", this.#has("asset/signed-ids") ? 0x7fff_ffff : undefined);
    if (this.#has("asset/ids-once") && this.#used.has(requestId)) return;
    this.#used.add(requestId);
    const uri = this.#uri(client, message, requestId);
    const data = ASSETS.get(uri)?.();
    if (data !== undefined) return this.#found(client, requestId, data);
    if (this.#has("asset/missing-unanswered")) return;
    if (this.#has("asset/missing-as-status")) return client.status("error", `No such asset: ${uri}`);
    if (this.#has("asset/missing-as-empty")) return this.#found(client, requestId, Buffer.alloc(0));
    if (this.#has("asset/missing-closes")) return client.close(1011);
    const reason = this.#has("asset/missing-without-reason") ? "" : `No such asset: ${uri}`;
    if (!this.#has("asset/length-in-characters")) return Assets.refuse(client, requestId, reason);
    client.binary(4, u32(requestId), u8(1), u32(reason.length), Buffer.from(reason));
  }

  #uri(client: Client, message: Json, requestId: number): string {
    try {
      return string(message, "uri");
    } catch (error) {
      if (!this.#has("asset/bad-request-unanswered")) Assets.refuse(client, requestId, (error as Invalid).message);
      throw error;
    }
  }

  #found(client: Client, requestId: number, data: Buffer): void {
    const id = u32(this.#has("asset/id-of-its-own") ? 1 : requestId);
    const status = u8(this.#has("asset/status-like-http") ? 200 : 0);
    const error = this.#has("asset/no-error-length") ? Buffer.alloc(0) : text("");
    const body = this.#has("asset/data-with-length") ? Buffer.concat([u32(data.length), data]) : data;
    const cut = this.#has("asset/cut") ? body.subarray(0, 65_536) : body;
    const to = this.#has("asset/answer-to-all") ? this.#model.clients : [client];
    for (const other of to) other.binary(4, this.#has("asset/big-endian-id") ? reversed(id) : id, status, error, cut);
  }
}

function hugeBytes(): Buffer {
  const bytes = Buffer.alloc(HUGE_BYTES);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i % 251;
  return bytes;
}
