/** Services of the model: `/add`, `/echo`, `/fail`, `/slow`. */
import { Buffer } from "node:buffer";
import { type Reader, reversed, text, u32 } from "./bytes.ts";
import type { Client } from "./client.ts";
import type { FaultName } from "./faults.ts";
import type { Json } from "./invalid.ts";
import type { Feature, Model } from "./model.ts";

interface Service {
  name: string;
  /** What it takes; absent: anything. */
  encoding?: string;
  /** Gives the answer, or `undefined` for none. Throws the reason of a failure. */
  call(payload: Buffer): Buffer | undefined;
}

/** Long enough that other calls are answered before, on a loaded machine too. */
const SLOW_MS = 3_000;
const IN_FLIGHT = 32;

const SERVICES = new Map<number, Service>([
  [1, { name: "/add", encoding: "json", call: add }],
  [2, { name: "/echo", call: (payload) => payload }],
  [3, {
    name: "/fail",
    call: () => {
      throw new Error("Failure on purpose");
    },
  }],
  [4, { name: "/slow", call: () => undefined }],
]);

function add(payload: Buffer): Buffer {
  const { a, b } = JSON.parse(payload.toString());
  return Buffer.from(JSON.stringify({ sum: a + b }));
}

const schema = (schemaName: string) => ({
  encoding: "json",
  schemaName,
  schemaEncoding: "jsonschema",
  schema: JSON.stringify({ title: schemaName, type: "object" }),
});

/** What identifies a call. */
interface Call {
  serviceId: number;
  callId: number;
  encoding: string;
}

export class Services implements Feature {
  readonly capabilities = () => ["services"];
  readonly ops = {};
  readonly opcodes = { 2: (client: Client, message: Reader) => this.#call(client, message) };
  readonly #model: Model;
  readonly #inFlight = new WeakMap<Client, Map<number, ReturnType<typeof setTimeout>>>();
  /** Calls of all clients that wait for `/slow`, with a fault. */
  #blocked: (() => void)[] | undefined;
  /** Used by faults: call ids that there were, and whether a call has failed. */
  readonly #used = new Set<number>();
  #failed = false;

  constructor(model: Model) {
    this.#model = model;
  }

  #has(fault: FaultName): boolean {
    return this.#model.faults.has(fault);
  }

  greet(client: Client): void {
    this.#inFlight.set(client, new Map());
    if (this.#has("service/not-advertised")) return;
    client.json({
      op: "advertiseServices",
      services: [...SERVICES].map(([id, service]) => this.#described(id, service)),
    });
  }

  gone(client: Client): void {
    for (const timer of this.#inFlight.get(client)?.values() ?? []) clearTimeout(timer);
  }

  /** The names of all. */
  get names(): string[] {
    return [...SERVICES.values()].map(({ name }) => name);
  }

  #described(id: number, { name, encoding }: Service): Json {
    const head = {
      id: this.#has("service/ids-as-text") ? `${id}` : this.#has("service/same-ids") ? 1 : id,
      name,
      ...(this.#has("service/no-type") ? {} : { type: name.slice(1) }),
    };
    if (encoding !== undefined) return { ...head, request: schema("Request"), response: schema("Response") };
    if (this.#has("service/no-schema-members")) return head;
    const empty = this.#has("service/null-schemas") ? null : "";
    return { ...head, requestSchema: empty, responseSchema: empty };
  }

  /** Answers a call to a server that has no services. */
  refuseAll(client: Client, message: Reader): void {
    if (this.#has("capability/undeclared-silent")) return;
    const call = { serviceId: message.u32(), callId: message.u32(), encoding: "" };
    this.#fail(client, call, "Server does not support services capability");
  }

  #call(client: Client, message: Reader): void {
    const call = { serviceId: message.u32(), callId: message.u32(), encoding: "" };
    try {
      call.encoding = message.text();
    } catch (error) {
      if (!this.#has("service/truncated-unanswered")) this.#fail(client, call, (error as Error).message);
      throw error;
    }
    const payload = message.rest();
    if (this.#blocked !== undefined) this.#blocked.push(() => this.#answer(client, call, payload));
    else this.#answer(client, call, payload);
  }

  #answer(client: Client, call: Call, payload: Buffer): void {
    const { serviceId, callId, encoding } = call;
    const service = SERVICES.get(serviceId);
    if (service === undefined) {
      if (this.#has("service/unknown-silent")) return;
      if (this.#has("service/unknown-as-status")) return client.status("error", `Unknown service: ${serviceId}`);
      return this.#fail(client, call, `Unknown service ID: ${serviceId}`);
    }
    if (service.encoding !== undefined && service.encoding !== encoding && !this.#has("service/any-encoding")) {
      return this.#fail(client, call, `Unsupported encoding: ${encoding}`);
    }
    if (this.#has("service/json-only") && encoding !== "json") {
      return this.#fail(client, call, "JSON alone is supported");
    }
    if (this.#has("service/zero-refused") && callId === 0) return this.#fail(client, call, "Call ID is missing");
    if (this.#has("service/call-ids-once") && this.#used.has(callId)) {
      return this.#fail(client, call, "Call ID was used");
    }
    this.#used.add(callId);
    const inFlight = this.#inFlight.get(client)!;
    if (inFlight.has(callId) && !this.#has("service/same-call-twice")) {
      return this.#fail(client, call, `Call ID is in use: ${callId}`);
    }
    if (inFlight.size >= IN_FLIGHT && !this.#has("service/any-number")) {
      return this.#fail(client, call, "Too many calls");
    }
    this.#run(client, { service, call, payload });
  }

  #run(client: Client, { service, call, payload }: { service: Service; call: Call; payload: Buffer }): void {
    let response: Buffer | undefined;
    try {
      if (this.#failed && this.#has("service/failure-is-the-end")) return;
      response = service.call(this.#has("service/payload-as-text") ? Buffer.from(payload.toString()) : payload);
    } catch (error) {
      this.#failed = true;
      if (error instanceof SyntaxError && this.#has("service/malformed-unanswered")) return;
      if (this.#has("service/failure-unanswered")) return;
      if (this.#has("service/failure-closes")) return client.close(1011);
      const reason = (error as Error).message;
      if (this.#has("service/failure-as-status")) return client.status("error", reason);
      if (this.#has("service/failure-as-answer")) return this.#respond(client, call, Buffer.from(reason));
      return this.#fail(client, call, this.#has("service/failure-without-reason") ? "" : reason);
    }
    if (response !== undefined) return this.#respond(client, call, response);
    this.#wait(client, call);
  }

  /** For a service that does not answer. */
  #wait(client: Client, call: Call): void {
    if (this.#has("service/one-at-a-time")) this.#blocked ??= [];
    const inFlight = this.#inFlight.get(client)!;
    const ended = () => {
      inFlight.delete(call.callId);
      if (!this.#has("service/never-given-up")) this.#fail(client, call, `No answer within ${SLOW_MS} ms`);
      const blocked = this.#blocked ?? [];
      this.#blocked = undefined;
      for (const next of blocked) next();
    };
    inFlight.set(call.callId, setTimeout(ended, SLOW_MS));
  }

  #respond(client: Client, { serviceId, callId, encoding }: Call, payload: Buffer): void {
    if (payload.length === 0 && this.#has("service/empty-unanswered")) return;
    const service = u32(serviceId);
    const call = u32(this.#has("service/other-call-id") ? (callId + 1) >>> 0 : callId);
    const named = this.#has("service/no-encoding-in-answer") ? "" : encoding;
    const lengthInChars = this.#has("service/length-in-characters");
    const encoded = lengthInChars ? Buffer.concat([u32(named.length), Buffer.from(named)]) : text(named);
    const ids = this.#has("service/ids-swapped") ? [call, service] : [service, call];
    const ordered = this.#has("service/big-endian-ids") ? ids.map(reversed) : ids;
    const to = this.#has("service/answer-to-all") ? this.#model.clients : [client];
    for (const other of to) other.binary(3, ...ordered, encoded, payload);
    if (this.#has("service/answered-twice")) client.binary(3, ...ordered, encoded, payload);
  }

  #fail(client: Client, { serviceId, callId }: Call, message: string): void {
    const id = this.#has("service/signed-ids") ? callId | 0 : callId;
    const ids = this.#has("service/failure-ids-as-text")
      ? { serviceId: `${serviceId}`, callId: `${id}` }
      : { serviceId, callId: id };
    const body = this.#has("service/failure-without-call-id") ? { serviceId: ids.serviceId } : ids;
    client.json({ op: "serviceCallFailure", ...body, message });
  }
}
