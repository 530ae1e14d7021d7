/** The channels on which a client publishes. */
import { hexOf } from "../case.ts";

/** The publishers of a client, by id. */
export class PublisherModel {
  readonly #sent: (text: string) => void;
  /** Whether the server takes what is in this encoding. */
  readonly #takes: (encoding: string) => boolean;
  readonly #encodings = new Map<number, string>();
  readonly #advertised = new Set<number>();
  #lost = false;
  #nextId = 1;

  constructor(sent: (text: string) => void, takes: (encoding: string) => boolean) {
    this.#sent = sent;
    this.#takes = takes;
  }

  /** @returns The id, if the server takes what is in this encoding. */
  open(encoding: string): number | undefined {
    if (!this.#takes(encoding)) return undefined;
    const id = this.#nextId++;
    this.#encodings.set(id, encoding);
    this.advertise();
    return id;
  }

  /** @returns Whether it is sent; `undefined` for one that is closed. */
  publish(id: number, data: Uint8Array): boolean | undefined {
    if (!this.#encodings.has(id)) return undefined;
    if (this.#advertised.has(id)) this.#sent(`publish ${id} ${hexOf(data)}`);
    return this.#advertised.has(id);
  }

  close(id: number): void {
    if (this.#encodings.delete(id) && this.#advertised.delete(id)) this.#sent(`unadvertise ${id}`);
  }

  /** Tells the server what it does not know of yet, and takes. */
  advertise(): void {
    if (this.#lost) return;
    const ids = [...this.#encodings.keys()].filter((id) => this.#isNew(id));
    for (const id of ids) this.#advertised.add(id);
    if (ids.length > 0) this.#sent(`advertise ${ids}`);
  }

  lose(): void {
    this.#lost = true;
    this.#advertised.clear();
  }

  resume(): void {
    this.#lost = false;
    this.advertise();
  }

  #isNew(id: number): boolean {
    return !this.#advertised.has(id) && this.#takes(this.#encodings.get(id)!);
  }
}
