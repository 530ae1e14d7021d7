/** Messages that are almost right: texts and bytes, and the JSON of texts member by member. */
import type { Random } from "../../support/random.ts";
import type { Raw } from "../case.ts";

/** JSON that can say what no value can: a member twice, `-0`, `1e400`. */
type Node = string | { members: [key: string, node: Node][] } | { items: Node[] };

/** A place in a tree that holds a node. */
interface Slot {
  readonly get: () => Node;
  readonly set: (node: Node) => void;
  /** The list that it is in, and where. */
  readonly list: unknown[];
  readonly index: number;
  readonly member: [string, Node] | undefined;
}

const NUMBERS = (
  "0 -0 -1 1 2 1.5 1e400 -1e400 1e-400 255 256 65536 2147483647 2147483648 4294967295 4294967296 " +
  "9007199254740991 9007199254740992 18446744073709551615 1e21 0.1"
).split(" ");
const JUNK = [
  ...["null", "true", "false", '""', '"1"', '"a"', "[]", "{}", "[[]]", "[null]", '{"a":null}', '{"__proto__":1}'],
  ...['"\\ud800"', '"\\udc00x"', '"\\u0000"', '"é🤖"', '"__proto__"', '"constructor"', '"json"', "[1,2.5]", '"AAAA"'],
  ...['"AAA="', '"A==="', '{"name":"gain"}', '{"id":1}', '{"id":1,"channelId":1}'],
];
const KEYS = ["op", "id", "channelId", "value", "type", "name", "__proto__", "toString", "", "unknown", "requestId"];

/** One or two messages that are near to `raw`. @param others Messages to take pieces from. */
export function mutate(random: Random, raw: Raw, others: readonly Raw[]): Raw[] {
  if (random.chance(0.02)) return split(random, raw);
  if (random.chance(0.02)) return [otherKind(raw)];
  let result = raw;
  for (let i = 1 + random.below(3); i > 0; i--) result = mutateOnce(random, result, others);
  return [result];
}

function mutateOnce(random: Random, raw: Raw, others: readonly Raw[]): Raw {
  const other = random.pick(others) ?? raw;
  if (raw instanceof Uint8Array) return pickOf(random, BYTE_CHANGES)(raw, random, asBytes(other));
  const tree = random.chance(0.8) ? parse(raw) : undefined;
  if (tree === undefined) return pickOf(random, TEXT_CHANGES)(raw, random, asText(other));
  return textOf(changedTree(random, tree, parse(asText(other)) ?? tree));
}

function split(random: Random, raw: Raw): Raw[] {
  const at = random.below(raw.length + 1);
  return [raw.slice(0, at), raw.slice(at)];
}

function otherKind(raw: Raw): Raw {
  return typeof raw === "string" ? utf8.encode(raw) : asText(raw);
}

const utf8 = new TextEncoder();
const lossy = new TextDecoder();

function asBytes(raw: Raw): Uint8Array {
  return typeof raw === "string" ? utf8.encode(raw) : raw;
}

function asText(raw: Raw): string {
  return typeof raw === "string" ? raw : lossy.decode(raw);
}

/** One of a list that is not empty. */
export function pickOf<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

/** A number that is small more often than large. */
export function lengthOf(random: Random, max: number): number {
  return Math.floor(max * random.next() ** 4);
}

// Bytes

type ByteChange = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const BYTE_CHANGES: readonly ByteChange[] = [
  (bytes, random) => withBytes(bytes, random.below(bytes.length), [(bytes[0] ?? 0) ^ (1 << random.below(8))]),
  flipBit,
  flipBit,
  (bytes, random) => withBytes(bytes, random.below(bytes.length), [pickOf(random, [0, 1, 2, 3, 0x7f, 0x80, 0xff])]),
  // The opcode.
  (bytes, random) => withBytes(bytes, 0, [random.chance(0.7) ? random.below(8) : random.below(256)]),
  // Where lengths, ids and floats are.
  (bytes, random) =>
    withBytes(bytes, pickOf(random, [1, 2, 5, 6, 9, 13, 14, 15, random.below(bytes.length)]), edge(random)),
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.slice(random.below(bytes.length + 1)),
  (bytes, random) => insertBytes(bytes, random, randomBytes(random, 1 + lengthOf(random, 40))),
  (bytes, random) => insertBytes(bytes, random, new Uint8Array(lengthOf(random, 100_000))),
  (bytes, random, other) => insertBytes(bytes, random, slicedOf(random, other)),
  (bytes, random) => insertBytes(bytes, random, slicedOf(random, bytes)),
  (bytes, _random, other) => joined(bytes, other),
  (bytes, random) => joined(bytes, randomBytes(random, 8)),
  withoutSlice,
];

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  return withBytes(bytes, at, [(bytes[at] ?? 0) ^ (1 << random.below(8))]);
}

function edge(random: Random): number[] {
  const value = pickOf(random, [
    0,
    1,
    2,
    3,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7f80_0000,
    0x7fc0_0000,
    0x3f80_0000,
    random.below(64),
  ]);
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

function withBytes(bytes: Uint8Array, at: number, values: number[]): Uint8Array {
  const copy = bytes.slice();
  for (const [i, value] of values.entries()) if (at + i < copy.length) copy[at + i] = value;
  return copy;
}

function insertBytes(bytes: Uint8Array, random: Random, inserted: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  return joined(joined(bytes.subarray(0, at), inserted), bytes.subarray(at));
}

function slicedOf(random: Random, bytes: Uint8Array): Uint8Array {
  const start = random.below(bytes.length + 1);
  return bytes.subarray(start, start + random.below(bytes.length - start + 1));
}

function withoutSlice(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(bytes.length + 1);
  return joined(bytes.subarray(0, start), bytes.subarray(start + 1 + random.below(8)));
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

/** Bytes of no meaning. */
export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

// Texts

type TextChange = (text: string, random: Random, other: string) => string;

const CHARACTERS = [
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "0",
  "-",
  "e",
  " ",
  "\u0000",
  "\ud800",
  "\udc00",
  "é",
  "\n",
];

const TEXT_CHANGES: readonly TextChange[] = [
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.below(text.length + 1)),
  (text, random) => insertText(text, random, pickOf(random, CHARACTERS)),
  (text, random) => replaceText(text, random, pickOf(random, CHARACTERS)),
  (text, random) => replaceText(text, random, ""),
  (text, random, other) => insertText(text, random, other.slice(random.below(other.length + 1))),
  (text, _random, other) => text + other,
  (text, random) => insertText(text, random, pickOf(random, CHARACTERS).repeat(lengthOf(random, 3_000))),
  // Long enough for whatever looks at everything from everywhere.
  (text, random) => random.chance(0.02) ? insertText(text, random, pickOf(random, CHARACTERS).repeat(100_000)) : text,
  (text, random) => replaceText(text, random, pickOf(random, ["NaN", "-Infinity", "\ufeff"])),
  (text, random) => pickOf(random, ["\ufeff", ""]) + text + "\u0000".repeat(random.below(3)),
];

function insertText(text: string, random: Random, inserted: string): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + inserted + text.slice(at);
}

function replaceText(text: string, random: Random, inserted: string): string {
  const at = random.below(text.length);
  return text.slice(0, at) + inserted + text.slice(at + 1);
}

// JSON

type TreeChange = (slot: Slot, random: Random, other: Slot) => void;

const TREE_CHANGES: readonly TreeChange[] = [
  ({ list, index }) => void list.splice(index, 1),
  ({ list, index }) => void list.splice(index, 0, list[index]),
  ({ list, index }, random) => void list.splice(index, 0, list[random.below(list.length)]),
  ({ member }, random) => void (member && (member[0] = pickOf(random, KEYS))),
  ({ member }) => void (member && (member[0] = member[0].slice(1))),
  ({ set }, random) => set(pickOf(random, NUMBERS)),
  ({ set }, random) => set(pickOf(random, NUMBERS)),
  ({ set }, random) => set(pickOf(random, JUNK)),
  ({ set }, random) => set(pickOf(random, JUNK)),
  ({ set }, random) => set(JSON.stringify("x".repeat(lengthOf(random, 20_000)))),
  ({ set, get }) => set({ items: [get()] }),
  ({ set, get }) => set({ members: [["value", get()]] }),
  ({ set, get }, random) => set(nested(get(), random)),
  ({ set }, _random, other) => set(other.get()),
  (slot, _random, other) => swap(slot, other),
  ({ set, get }, random) => set(longList(get(), random)),
  ({ list, member }, random) => void (member && list.push([pickOf(random, KEYS), pickOf(random, JUNK)])),
];

function nested(node: Node, random: Random): Node {
  // Around the depth that values may have, and around what stacks hold.
  const depth = random.chance(0.02) ? pickOf(random, [5_000, 60_000, 140_000]) : 124 + random.below(8);
  const [open, close] = pickOf(random, [["[", "]"], ['{"a":', "}"]] as const);
  return open.repeat(depth) + textOf(node) + close.repeat(depth);
}

/** Lists of many entries, also of more bad ones than are told apart. */
function longList(node: Node, random: Random): Node {
  const length = random.chance(0.1) ? 1_005 : lengthOf(random, 200);
  const most = Math.floor(200_000 / (textOf(node).length + 1));
  return { items: Array.from({ length: Math.min(length, most) }, () => node) };
}

function swap(one: Slot, other: Slot): void {
  // A copy, as one may be inside the other.
  const node = copyOf(one.get());
  one.set(other.get());
  other.set(node);
}

function changedTree(random: Random, tree: Node, otherTree: Node): Node {
  const root = { items: [tree] };
  const slots = slotsOf(root);
  // The whole message is one of many places.
  const slot = slots[slots.length === 1 || random.chance(0.03) ? 0 : 1 + random.below(slots.length - 1)]!;
  const other = random.chance(0.5) ? pickOf(random, slots) : pickOf(random, slotsOf({ items: [otherTree] }));
  pickOf(random, TREE_CHANGES)(slot, random, { ...other, get: () => copyOf(other.get()) });
  return root.items[0] ?? "";
}

function slotsOf(node: Node, slots: Slot[] = []): Slot[] {
  if (typeof node === "string") return slots;
  if ("items" in node) node.items.forEach((_, index) => slotsOf(addSlot(slots, itemSlot(node.items, index)), slots));
  else node.members.forEach((_, index) => slotsOf(addSlot(slots, memberSlot(node.members, index)), slots));
  return slots;
}

function addSlot(slots: Slot[], slot: Slot): Node {
  slots.push(slot);
  return slot.get();
}

function itemSlot(list: Node[], index: number): Slot {
  return { get: () => list[index] ?? "null", set: (node) => void (list[index] = node), list, index, member: undefined };
}

function memberSlot(list: [string, Node][], index: number): Slot {
  const member = list[index]!;
  return { get: () => member[1], set: (node) => void (member[1] = node), list, index, member };
}

/** A node may be put into itself. */
function copyOf(node: Node): Node {
  if (typeof node === "string") return node;
  if ("items" in node) return { items: node.items.map(copyOf) };
  return { members: node.members.map(([key, child]) => [key, copyOf(child)]) };
}

/** Larger texts, and deeper ones, are changed as texts. */
const MAX_PARSED = 20_000;
const MAX_DEPTH = 40;

function parse(text: string): Node | undefined {
  if (text.length > MAX_PARSED) return undefined;
  try {
    return treeOf(JSON.parse(text), 0);
  } catch {
    return undefined;
  }
}

function treeOf(value: unknown, depth: number): Node {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return JSON.stringify(value);
  if (Array.isArray(value)) return { items: value.map((item) => treeOf(item, depth + 1)) };
  return { members: Object.entries(value).map(([key, child]) => [key, treeOf(child, depth + 1)]) };
}

function textOf(node: Node): string {
  if (typeof node === "string") return node;
  if ("items" in node) return `[${node.items.map(textOf).join(",")}]`;
  return `{${node.members.map(([key, child]) => `${JSON.stringify(key)}:${textOf(child)}`).join(",")}}`;
}
