/**
 * Cases of watching parameters. Each leaves them as they were.
 *
 * @module
 */
import type { ConformCase, Scene } from "../case.ts";
import type { Peer, Received } from "../peer.ts";
import { check, same } from "../steps/check.ts";
import { hasId, isOp } from "../steps/messages.ts";
import {
  NEW_NAME,
  nextUpdate,
  type Parameter,
  parameterOf,
  parametersOf,
  restoring,
  set,
  setting,
  unwatching,
  watching,
} from "../steps/parameters.ts";
import { choice, foxwire, spec } from "../steps/sources.ts";

const CAPABILITIES = ["parameters", "parametersSubscribe"] as const;
const NEEDS = { capabilities: CAPABILITIES, parameter: "int" } as const;

/** Updates of one parameter, among messages: answers have an id. */
function updatesOf(messages: readonly Received[], name: string): Parameter[] {
  const updates = messages.filter((message) => isOp(message, "parameterValues") && !hasId(message));
  return updates.flatMap((message) => isOp(message, "parameterValues") ? parametersOf(message) : [])
    .filter((parameter) => parameter.name === name);
}

/** A client that has sent this, and got all that came of it. */
async function watcherOf(scene: Scene, ...messages: object[]): Promise<Peer> {
  const watcher = await scene.connect();
  await watcher.ask(...messages);
  return watcher;
}

const int = (value: number): Parameter => ({ name: "int", value });

/** A change of `int` by one client, and what others hear of it. */
const change = (run: (setter: Peer, scene: Scene) => Promise<void>) => (scene: Scene): Promise<void> =>
  restoring(scene, ["int", "string"], (setter) => run(setter, scene));

/** Fails unless a change of `int` is told to a client that has sent this. */
const told = (...messages: object[]) =>
  change(async (setter, scene) => {
    const watcher = await watcherOf(scene, ...messages);
    await set(setter, int(21));
    same(await nextUpdate(watcher, "int"), int(21), 'the update of "int"');
  });

/**
 * Fails when a change of `int` is told to a client that has sent this. A change of `string`, which another client
 * watches, shows that updates have gone out.
 */
const notTold = (...messages: object[]) =>
  change(async (setter, scene) => {
    const watcher = await watcherOf(scene, ...messages);
    const other = await watcherOf(scene, watching("string"));
    await set(setter, int(22), { name: "string", value: "later" });
    await nextUpdate(other, "string");
    same(updatesOf(await watcher.settle(), "int"), [], 'updates of "int" for who does not watch it');
  });

/** The cases. */
export const PARAMETERS_WATCH: readonly ConformCase[] = [
  {
    name: "parameters/watch",
    level: "must",
    rule: "Who has subscribed to a parameter gets a parameterValues when another client sets it",
    source: spec("Subscribe Parameter Update"),
    needs: NEEDS,
    run: told(watching("int")),
  },
  {
    name: "parameters/watch-no-id",
    level: "must",
    rule: "An update that nobody asked for has no id",
    source: spec("Parameter Values: id is only set when the request's id field was set"),
    needs: NEEDS,
    run: change(async (setter, scene) => {
      const watcher = await watcherOf(scene, watching("int"));
      await set(setter, int(23));
      const update = await watcher.expect("parameterValues");
      check(!hasId(update), "parameterValues without an id", update);
    }),
  },
  {
    name: "parameters/watch-others",
    level: "must",
    rule: "A client hears of the parameters that it has subscribed to, and of no others",
    source: spec("Subscribe Parameter Update"),
    needs: NEEDS,
    run: notTold(watching("float")),
  },
  {
    name: "parameters/watch-nobody",
    level: "must",
    rule: "A client that has subscribed to nothing hears of no change",
    source: spec("Subscribe Parameter Update"),
    needs: NEEDS,
    run: notTold(),
  },
  {
    name: "parameters/watch-no-empty-update",
    level: "should",
    rule: "Who watches nothing of what has changed gets no update, not even an empty one",
    source: spec("Subscribe Parameter Update"),
    needs: NEEDS,
    run: change(async (setter, scene) => {
      const watcher = await watcherOf(scene, watching("float"));
      const other = await watcherOf(scene, watching("string"));
      await set(setter, int(23), { name: "string", value: "later still" });
      await nextUpdate(other, "string");
      const updates = (await watcher.settle()).filter((message) => isOp(message, "parameterValues"));
      same(updates, [], 'updates for who watches "float" alone');
    }),
  },
  {
    name: "parameters/watch-appends",
    level: "must",
    rule: "A second subscribeParameterUpdates adds to the first and does not replace it",
    source: spec("Subscribe Parameter Update: will append the list of parameter subscriptions, not replace them"),
    needs: NEEDS,
    run: told(watching("int"), watching("string")),
  },
  {
    name: "parameters/watch-once",
    level: "must",
    rule: "A parameter that is subscribed twice has one update for one change",
    source: spec("Subscribe Parameter Update: parameters can be subscribed at most once"),
    needs: NEEDS,
    run: change(async (setter, scene) => {
      const watcher = await watcherOf(scene, watching("int", "int"), watching("int"));
      await set(setter, int(24));
      const first = await nextUpdate(watcher, "int");
      same([first, ...updatesOf(await watcher.settle(), "int")], [int(24)], 'updates of "int"');
    }),
  },
  {
    name: "parameters/watch-all",
    // The SDK's server takes no notice, and viewers live with it.
    level: "should",
    rule: "subscribeParameterUpdates with an empty list subscribes to all parameters",
    source: spec("Subscribe Parameter Update: leave empty to subscribe to all currently known parameters"),
    needs: NEEDS,
    run: told(watching()),
  },
  {
    name: "parameters/watch-all-new",
    level: "extra",
    rule: "Who has subscribed to all parameters hears of those that are created later, too",
    source: foxwire("Parameters: subscribeParameterUpdates"),
    needs: NEEDS,
    run: (scene) =>
      restoring(scene, ["int", NEW_NAME], async (setter) => {
        const watcher = await watcherOf(scene, watching());
        await set(setter, { name: NEW_NAME, value: 1 });
        same(await nextUpdate(watcher, NEW_NAME), { name: NEW_NAME, value: 1 }, "the update of a new parameter");
      }),
  },
  {
    name: "parameters/watch-new-name",
    level: "extra",
    rule: "A name can be subscribed before its parameter exists",
    source: foxwire("Parameters: subscribeParameterUpdates"),
    needs: NEEDS,
    run: (scene) =>
      restoring(scene, ["int", NEW_NAME], async (setter) => {
        const watcher = await watcherOf(scene, watching(NEW_NAME));
        await set(setter, { name: NEW_NAME, value: 2 });
        same(await nextUpdate(watcher, NEW_NAME), { name: NEW_NAME, value: 2 }, "the update of a new parameter");
      }),
  },
  {
    name: "parameters/watch-bad-entry",
    level: "extra",
    rule: "A list in which no name can be read is not the empty list that stands for all",
    source: foxwire("What does not follow the protocol: the same in one entry of a list"),
    needs: NEEDS,
    run: notTold(watching(5)),
  },
  {
    name: "parameters/watch-quiet",
    level: "extra",
    rule: "Subscribing sends no value: clients ask for it by getParameters",
    source: foxwire("Parameters: subscribeParameterUpdates"),
    needs: NEEDS,
    async run(scene) {
      const peer = await scene.connect();
      same(updatesOf(await peer.ask(watching("int")), "int"), [], 'updates of "int" without a change');
    },
  },
  {
    name: "parameters/watch-several",
    level: "must",
    rule: "All clients that have subscribed to a parameter get the update",
    source: spec("Subscribe Parameter Update"),
    needs: NEEDS,
    run: change(async (setter, scene) => {
      const watchers = [await watcherOf(scene, watching("int")), await watcherOf(scene, watching("int"))];
      await set(setter, int(25));
      for (const watcher of watchers) same(await nextUpdate(watcher, "int"), int(25), 'the update of "int"');
    }),
  },
  {
    name: "parameters/watch-set-without-id",
    level: "should",
    rule: "A change that was asked for without an id is told to the subscribers, too",
    source: spec("Set Parameters: and Subscribe Parameter Update"),
    needs: NEEDS,
    run: change(async (setter, scene) => {
      const watcher = await watcherOf(scene, watching("int"));
      setter.send(setting([int(26)]));
      same(await nextUpdate(watcher, "int"), int(26), 'the update of "int"');
    }),
  },
  {
    name: "parameters/watch-own-change",
    level: "extra",
    rule:
      "A client that watches what it sets itself, without an id, gets the update; with an id it gets the answer alone",
    source: foxwire("Parameters: a value was set by a client"),
    needs: NEEDS,
    run: change(async (setter) => {
      await setter.ask(watching("int"));
      setter.send(setting([int(27)]));
      same(await nextUpdate(setter, "int"), int(27), 'the update of "int"');
      await set(setter, int(28));
      same(updatesOf(await setter.settle(), "int"), [], 'updates of "int" beside the answer');
    }),
  },
  {
    name: "parameters/watch-deleted",
    level: "extra",
    rule: "Subscribers are told that a parameter was removed: by its name without a value",
    source: choice("Parameters"),
    needs: NEEDS,
    run: change(async (setter, scene) => {
      const watcher = await watcherOf(scene, watching("string"));
      await set(setter, { name: "string" });
      same(await nextUpdate(watcher, "string"), { name: "string" }, 'the update of "string"');
    }),
  },
  {
    name: "parameters/watch-refused",
    level: "extra",
    rule: "A change that was refused is no change: subscribers hear nothing of it",
    source: foxwire("Parameters: a value was set by a client"),
    needs: { ...NEEDS, parameter: "read_only" },
    run: change(async (setter, scene) => {
      await parameterOf(setter, "read_only");
      const watcher = await watcherOf(scene, watching("read_only", "int"));
      await set(setter, { name: "read_only", value: "other" }, int(29));
      const update = await watcher.expect("parameterValues");
      same(updatesOf([update], "read_only"), [], "updates of a parameter that has not changed");
    }),
  },
  {
    name: "parameters/unwatch",
    level: "must",
    rule: "After unsubscribeParameterUpdates a client hears of these parameters no more",
    source: spec("Unsubscribe Parameter Update"),
    needs: NEEDS,
    run: notTold(watching("int", "float"), unwatching("int")),
  },
  {
    name: "parameters/unwatch-rest",
    level: "must",
    rule: "unsubscribeParameterUpdates ends the subscriptions that it names, and no others",
    source: spec("Unsubscribe Parameter Update"),
    needs: NEEDS,
    run: told(watching("int", "string"), unwatching("string", "never watched")),
  },
  {
    name: "parameters/unwatch-all",
    // The same.
    level: "should",
    rule: "unsubscribeParameterUpdates with an empty list ends all of them",
    source: spec("Unsubscribe Parameter Update: leave empty to unsubscribe from all parameter updates"),
    needs: NEEDS,
    run: notTold(watching("int"), watching("string"), unwatching()),
  },
  {
    name: "parameters/unwatch-all-of-all",
    level: "must",
    rule: "A subscription to all parameters can be ended",
    source: spec("Unsubscribe Parameter Update: leave empty to unsubscribe from all parameter updates"),
    needs: NEEDS,
    run: notTold(watching(), unwatching()),
  },
  {
    name: "parameters/unwatch-of-another",
    level: "must",
    rule: "unsubscribeParameterUpdates ends the subscriptions of the client that sends it, and of no other",
    source: spec("Unsubscribe Parameter Update"),
    needs: NEEDS,
    run: change(async (setter, scene) => {
      const watcher = await watcherOf(scene, watching("int"));
      await watcherOf(scene, watching("int"), unwatching("int"), unwatching());
      await set(setter, int(30));
      same(await nextUpdate(watcher, "int"), int(30), 'the update of "int"');
    }),
  },
  {
    name: "parameters/watch-again",
    level: "must",
    rule: "A parameter can be subscribed again after unsubscribing",
    source: spec("Unsubscribe Parameter Update"),
    needs: NEEDS,
    run: told(watching("int"), unwatching("int"), watching("int")),
  },
  {
    name: "parameters/watch-server",
    level: "should",
    rule: "Subscribers hear of changes that the server makes itself",
    source: spec("Subscribe Parameter Update"),
    needs: { ...NEEDS, parameter: "ticks" },
    async run(scene) {
      const watcher = await scene.connect();
      const { value: before } = await parameterOf(watcher, "ticks");
      await watcher.ask(watching("ticks"));
      const { value } = await nextUpdate(watcher, "ticks");
      check((value as number) > (before as number), `a value of "ticks" above ${before}`, value);
    },
  },
];
