/**
 * Something that clients can call.
 *
 * @module
 */
import type { AdvertisedService, ServiceMessageSchema } from "../protocol/messages.ts";
import { schemaDataToWire } from "../protocol/schema_data.ts";
import type { ChannelSchema } from "./channel.ts";
import { checkMessageFormat } from "./message_format.ts";
import type { ServerClient } from "./server_client.ts";

/** What goes into a service, or comes out of it. */
export interface ServiceMessage {
  /** Message encoding: `"json"`, `"protobuf"`, `"ros1"`, `"cdr"`, or one that your own client knows. */
  encoding: string;
  /** Lets viewers offer a form; those that call with `"json"` want a `jsonschema` of `"type": "object"`. */
  schema?: ChannelSchema;
}

/** What a service is called with, how it answers, and how long it may take. */
export interface ServiceOptions {
  /** Name of the service type: `"std_srvs/srv/SetBool"`. Default `""`. */
  type?: string;
  /** What callers send; calls in another encoding are refused. Left out: any encoding is taken. */
  request?: ServiceMessage;
  /** What they get. Left out: the answer has the encoding of the request. */
  response?: ServiceMessage;
  /**
   * Makes the handler's request of the bytes of a call; what it throws is the failure that the caller gets. Default:
   * `JSON.parse` for encoding `"json"`, else the bytes.
   */
  decode?: (data: Uint8Array, encoding: string) => unknown;
  /**
   * Makes the bytes of an answer of what the handler gives; what it throws is the failure that the caller gets. Default:
   * `JSON.stringify` for encoding `"json"`, else the handler's bytes as they are.
   */
  encode?: (answer: unknown, encoding: string) => Uint8Array;
  /** Milliseconds that the handler has; then the caller gets a failure. Default: the limit `serviceMs`. */
  timeoutMs?: number;
}

/** One call of a service, besides what it asks. */
export interface ServiceCall {
  /** Who calls. */
  readonly client: ServerClient;
  /** Aborts when nobody waits for the answer any more: the client has left, the time is up, the service is closed. */
  readonly signal: AbortSignal;
  /** Encoding of the request. */
  readonly encoding: string;
  /** The request as it came; the bytes are the handler's to keep. */
  readonly data: Uint8Array;
}

/**
 * Answers the calls of a service.
 *
 * The request is the decoded value where its encoding is `"json"`, else a `Uint8Array`; or what the option `decode` makes
 * of it. The answer, which may be a promise, is bytes that go out as they are, or for `"json"` any value that JSON has,
 * and `{}` where nothing is returned; or what the option `encode` takes. What is thrown becomes the failure that the caller gets, with the error's message
 * as its text, and raises the server's `error` event. What comes after `signal` has aborted goes nowhere.
 */
export type ServiceHandler<Request = unknown, Response = unknown> = (
  request: Request,
  call: ServiceCall,
) => Response | Uint8Array | Promise<Response | Uint8Array>;

/**
 * A service that clients can call now; made by `server.service()`.
 *
 * @example
 * ```ts
 * import { connect, FoxgloveServer, linkedTransports } from "@foxwire/foxwire";
 *
 * const server = new FoxgloveServer({ name: "robot", supportedEncodings: ["json"] });
 * const json = { encoding: "json" };
 * const options = { request: json, response: json, timeoutMs: 1000 };
 * server.service("/add", options, ({ a, b }: { a: number; b: number }) => ({ sum: a + b }));
 *
 * const [serverEnd, clientEnd] = linkedTransports();
 * server.accept(serverEnd);
 * const client = await connect(clientEnd);
 * const { sum } = await client.callService<{ sum: number }>("/add", { a: 1, b: 2 });
 * console.assert(sum === 3);
 * await client.close();
 * await server.close();
 * ```
 */
export class Service {
  /** The service as it is advertised. */
  readonly info: Readonly<AdvertisedService>;
  readonly #remove: () => void;

  /** @ignore Made by `server.service()`. */
  constructor(info: AdvertisedService, remove: () => void) {
    this.info = info;
    this.#remove = remove;
  }

  /** Id on the wire. */
  get id(): number {
    return this.info.id;
  }

  /** Name that callers use. */
  get name(): string {
    return this.info.name;
  }

  /** Removes the service: calls that wait for it fail, and clients are told. Idempotent. */
  close(): void {
    this.#remove();
  }
}

/** The wire form of a service. A side without an encoding of its own gets the legacy schema text, which says nothing. */
export function advertisedService(id: number, name: string, options: ServiceOptions): AdvertisedService {
  const { type = "", request, response } = options;
  const what = `service "${name}"`;
  return {
    id,
    name,
    type,
    ...(request === undefined ? { requestSchema: "" } : { request: messageSchema(request, `request of ${what}`) }),
    ...(response === undefined ? { responseSchema: "" } : { response: messageSchema(response, `response of ${what}`) }),
  };
}

function messageSchema(message: ServiceMessage, what: string): ServiceMessageSchema {
  checkMessageFormat(message, what);
  const { encoding, schema } = message;
  return {
    encoding,
    schemaName: schema?.name ?? "",
    schemaEncoding: schema?.encoding ?? "",
    schema: schema === undefined ? "" : schemaDataToWire(schema.data, schema.encoding),
  };
}
