/** Random use of the parameters by own code and several clients: whoever listens ends up with what the store has. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Parameter, ServerMessage } from "../../src/protocol/messages.ts";
import { SERVER_LIMITS } from "../../src/server/limits.ts";
import { createParameters } from "../../src/server/parameter_requests.ts";
import type { ServerEvents } from "../../src/server/server_events.ts";
import type { Session } from "../../src/server/session.ts";
import { Events } from "../../src/util/events.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { test } from "../support/test.ts";

/** A client that believes what it is sent. */
class Believer {
  readonly view = new Map<string, unknown>();
  readonly answered: string[] = [];
  updates = 0;

  send(message: ServerMessage): void {
    assert(message.op === "parameterValues");
    if (message.id === undefined) this.updates++;
    else this.answered.push(message.id);
    for (const { name, value } of message.parameters) {
      if (value === undefined) this.view.delete(name);
      else this.view.set(name, value);
    }
  }

  readonly host = { allows: () => true };

  status(): void {}
}

class Bench {
  readonly clock = new FakeClock();
  readonly parameters = createParameters({
    options: {},
    limits: SERVER_LIMITS,
    clock: this.clock,
    events: new Events<ServerEvents>(),
    used: () => {},
  });
  readonly clients = [new Believer(), new Believer(), new Believer()];
  readonly #listening = new Set<Believer>();
  #asked = 0;

  own(name: string, value: number | string | undefined): void {
    if (value === undefined) this.parameters.store.delete(name);
    else this.parameters.store.set(name, value);
  }

  set(client: Believer, parameters: Parameter[], withId: boolean): void {
    const id = withId ? { id: `set ${this.#asked++}` } : {};
    this.parameters.requests.set(sessionOf(client), { op: "setParameters", parameters, ...id });
    if (id.id !== undefined) assertEquals(client.answered.at(-1), id.id);
  }

  /** From now on, or no more: with everything there is at first, as clients do. */
  toggle(client: Believer): void {
    const { requests } = this.parameters;
    if (this.#listening.delete(client)) {
      return requests.unsubscribe(sessionOf(client), { op: "unsubscribeParameterUpdates", parameterNames: [] });
    }
    this.#listening.add(client);
    requests.subscribe(sessionOf(client), { op: "subscribeParameterUpdates", parameterNames: [] });
    client.view.clear();
    requests.get(sessionOf(client), { op: "getParameters", parameterNames: [], id: "all" });
  }

  turn(): void {
    const before = this.clients.map(({ updates }) => updates);
    this.clock.settle();
    for (const [i, client] of this.clients.entries()) {
      assert(client.updates - before[i]! <= (this.#listening.has(client) ? 1 : 0), "more than one update in a turn");
      if (this.#listening.has(client)) this.#check(client);
    }
    assertEquals(this.clock.deferred, 0);
  }

  #check({ view }: Believer): void {
    assertEquals(view, new Map<string, unknown>(this.parameters.store.entries()));
  }
}

function sessionOf(client: Believer): Session {
  return client as unknown as Session;
}

const name = fc.constantFrom("a", "b", "c");
const value = fc.option(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("x", "y")), { nil: undefined });
const client = fc.nat(2);
const wanted = fc.tuple(name, value).map(([name, value]): Parameter =>
  value === undefined ? { name } : { name, value }
);

type Step = (bench: Bench) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(name, value).map(([name, value]): Step => (bench) => bench.own(name, value)) },
  {
    weight: 4,
    arbitrary: fc.tuple(client, fc.array(wanted, { maxLength: 4 }), fc.boolean()).map(
      ([client, wanted, withId]): Step => (bench) => bench.set(bench.clients[client]!, wanted, withId),
    ),
  },
  { weight: 2, arbitrary: client.map((client): Step => (bench) => bench.toggle(bench.clients[client]!)) },
  { weight: 3, arbitrary: fc.constant<Step>((bench) => bench.turn()) },
);

test("whatever own code and clients set, a client that listens has the values of the store after each turn", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new Bench();
      for (const step of steps) step(bench);
      bench.turn();
    }),
    { numRuns: 500 },
  );
});
