/**
 * What each client may do, as the server's user decides.
 *
 * @module
 */
import type { Events } from "../util/events.ts";
import { checkMembers, checkOptionalFunction, namesOf } from "./checks.ts";
import type { ServerClient } from "./server_client.ts";
import type { ServerEvents } from "./server_events.ts";

/** Whether a client may do something with what has this name. */
export type PermissionFilter = (client: ServerClient, name: string) => boolean;

/**
 * Which client may do what; a filter that is left out allows everything. A client's `identity`, which `authorize` has
 * answered, tells who it is, or its `url` and `address`.
 *
 * Filters answer at once, and the same for as long as the client is connected; who gets other rights is to connect
 * again. One that throws, or answers anything but `true`, has said no; what it throws raises the server's `error` event.
 *
 * @example
 * ```ts
 * import { FoxgloveServer, type Permissions } from "@foxwire/foxwire";
 *
 * const permissions: Permissions = {
 *   see: (_client, topic) => !topic.startsWith("/internal/"),
 *   set: (client) => client.address === "127.0.0.1",
 * };
 * const server = new FoxgloveServer({ name: "robot", permissions });
 * await server.close();
 * ```
 */
export interface Permissions {
  /** Topics that exist for the client: channels of others are never named to it, nor are topics of the connection graph. */
  see?: PermissionFilter;
  /** Topics that the client may subscribe to, of those it sees. */
  subscribe?: PermissionFilter;
  /** Topics that the client may publish on. */
  publish?: PermissionFilter;
  /** Services that exist for the client, which it may call. */
  call?: PermissionFilter;
  /** Parameters that exist for the client, which it may read. */
  get?: PermissionFilter;
  /** Parameters that the client may set, create and delete, of those that it may read. */
  set?: PermissionFilter;
  /** Assets that exist for the client, by URI. */
  fetch?: PermissionFilter;
  /** Whether the client may play, pause and seek. */
  control?: (client: ServerClient) => boolean;
}

const RIGHTS = namesOf<keyof Permissions>({
  see: true,
  subscribe: true,
  publish: true,
  call: true,
  get: true,
  set: true,
  fetch: true,
  control: true,
});

/** Asks the filters of a server. */
export class PermissionCheck {
  readonly #permissions: Permissions;
  readonly #events: Events<ServerEvents>;

  constructor(permissions: Permissions, events: Events<ServerEvents>) {
    // What is left out allows everything: a misspelt filter must not.
    checkMembers(permissions, RIGHTS, "permissions");
    for (const right of RIGHTS) checkOptionalFunction(permissions[right], `permission "${right}"`);
    this.#permissions = permissions;
    this.#events = events;
  }

  allows(client: ServerClient, right: keyof Permissions, name: string): boolean {
    if (this.#permissions[right] === undefined) return true;
    try {
      const answer: unknown = this.#permissions[right](client, name);
      if (answer instanceof Promise) refusePromise(answer, right);
      return answer === true;
    } catch (error) {
      this.#events.emit("error", { error, during: `permission "${right}"` });
      return false;
    }
  }
}

/** Nobody could wait for it: a client must not be told of a thing before the answer is there. */
function refusePromise(answer: Promise<unknown>, right: string): never {
  answer.catch(() => {});
  throw new TypeError(`Permission "${right}" must answer true or false at once, not with a promise`);
}
