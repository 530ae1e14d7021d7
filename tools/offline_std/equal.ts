/** Deep equality with the rules of `equal` in `@std/assert`: `NaN` is itself, `0` is `-0`, keys and constructors count. */

type Pairs = Map<object, object>;

/** Whether two values are deeply equal. */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

function same(a: unknown, b: unknown, seen: Pairs): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b) || !sameKind(a, b)) return false;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  // A cycle: this pair is being compared further up.
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  return sameContent(a, b, seen);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Same constructor; an object without a prototype passes as a plain one. */
function sameKind(a: object, b: object): boolean {
  return (a.constructor ?? Object) === (b.constructor ?? Object);
}

function sameContent(a: object, b: object, seen: Pairs): boolean {
  if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) return sameBytes(new Uint8Array(a), new Uint8Array(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return sameBytes(a, b);
  if (a instanceof Map && b instanceof Map) return sameEntries([...a], [...b], seen);
  if (a instanceof Set && b instanceof Set) return sameEntries([...a], [...b], seen);
  return sameProperties(a, b, seen);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Whether each entry of one has its own equal in the other, in any order. */
function sameEntries(a: unknown[], b: unknown[], seen: Pairs): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((entry) => {
    const index = left.findIndex((other) => same(entry, other, new Map(seen)));
    return index >= 0 && left.splice(index, 1).length === 1;
  });
}

function sameProperties(a: object, b: object, seen: Pairs): boolean {
  const keys = ownKeys(a);
  if (keys.length !== ownKeys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key), seen)) &&
    // Enumerable keys do not tell errors apart.
    (!(a instanceof Error) || !(b instanceof Error) || a.name === b.name && a.message === b.message);
}

function ownKeys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}
