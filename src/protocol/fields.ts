/**
 * The toolkit of the JSON messages: a {@link Field} reads one member and writes it, {@link members} makes an object of
 * fields, and both directions check with the same few lines. `at` names the place: `subscribe: subscriptions[0].id`.
 *
 * @module
 */
import type { SecNsec } from "../util/time.ts";
import { MAX_BAD_ENTRIES, MAX_PARAMETER_DEPTH, MAX_U32 } from "./constants.ts";
import { describe, quote } from "./describe.ts";
import { ProtocolError } from "./errors.ts";
import { isDeeper } from "./json_depth.ts";
import type { Entry } from "./messages.ts";

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** How one member is read from JSON and written to it. What is read and what is written differ in batches only. */
export interface Field<Read, Write = Read> {
  /** The member may be left out; `null` then counts as left out. */
  readonly optional?: true;
  /** @throws {ProtocolError} when a peer's value is not what it should be. */
  read(value: unknown, at: string): Read;
  /** @throws {TypeError} when the caller's value is not what it should be. */
  write(value: Write, at: string): unknown;
}

/** The fields of an object, by member name. */
export type Shape<Read, Write = Read> = {
  readonly [Key in keyof Read & keyof Write]-?: undefined extends Read[Key]
    ? Field<Exclude<Read[Key], undefined>, Exclude<Write[Key], undefined>> & { readonly optional: true }
    : Field<Read[Key], Write[Key]>;
};

/** How the members of an object are read and written; the object itself is known to be one. */
export interface Members<Read, Write = Read> {
  read(json: JsonObject, prefix: string): Read;
  write(value: Write, prefix: string): JsonObject;
}

/** What is wrong with a value, as the end of a sentence that begins with its place; nothing when it is right. */
export type Check = (value: unknown) => string | undefined;

/** The error of a peer's value. */
export function unreadable(at: string, problem: string): ProtocolError {
  return new ProtocolError(`Cannot decode ${at} ${problem}`);
}

/** The error of a caller's value. */
export function unwritable(at: string, problem: string): TypeError {
  return new TypeError(`Cannot encode ${at} ${problem}`);
}

/** The sentence of most checks. */
export function unlike(value: unknown, wanted: string): string {
  return `is ${value === undefined ? "missing" : describe(value)}, need ${wanted}`;
}

/** A field that is on the wire what it is in the API. */
export function checked<T>(check: Check): Field<T> {
  return {
    read(value, at) {
      const problem = check(value);
      if (problem !== undefined) throw unreadable(at, problem);
      return value as T;
    },
    write(value, at) {
      const problem = check(value);
      if (problem !== undefined) throw unwritable(at, problem);
      return value;
    },
  };
}

/** Any text. */
export const string: Field<string> = checked((value) =>
  typeof value === "string" ? undefined : unlike(value, "a string")
);

/** An integer from 0 to `max`. */
function integer(max: number): Field<number> {
  const field = checked<number>((value) =>
    Number.isInteger(value) && value as number >= 0 && value as number <= max
      ? undefined
      : unlike(value, `an integer from 0 to ${max}`)
  );
  // JSON has a `-0`; adding 0 makes it the 0 that it means.
  return { read: (value, at) => field.read(value, at) + 0, write: field.write };
}

/** Ids of subscriptions, client channels, services, calls and asset requests. */
export const u32: Field<number> = integer(MAX_U32);

/** Ids of a server's channels and schemas. */
export const safeInteger: Field<number> = integer(Number.MAX_SAFE_INTEGER);

/** One of `names`, on the wire its index. */
export function indexOf<Name extends string>(names: readonly Name[]): Field<Name> {
  const index = integer(names.length - 1);
  return {
    read: (value, at) => names[index.read(value, at)] as Name,
    write(value, at) {
      if (!names.includes(value)) throw unwritable(at, unlike(value, `one of ${names.map(quote).join(", ")}`));
      return names.indexOf(value);
    },
  };
}

/** An array in which one bad entry makes the whole bad. */
export function list<T>(of: Field<T>): Field<T[]> {
  return {
    read: (value, at) => arrayAt(value, at, unreadable).map((entry, i) => of.read(entry, `${at}[${i}]`)),
    write: (value, at) => arrayAt(value, at, unwritable).map((entry, i) => of.write(entry as T, `${at}[${i}]`)),
  };
}

/** An array whose bad entries are read as the errors that they are, up to {@link MAX_BAD_ENTRIES} of them. */
export function batch<T>(of: Field<T>): Field<Entry<T>[], T[]> {
  return {
    read(value, at) {
      const entries: Entry<T>[] = [];
      let bad = 0;
      for (const [i, json] of arrayAt(value, at, unreadable).entries()) {
        if (bad === MAX_BAD_ENTRIES) {
          return [...entries, unreadable(at, `has ${bad} bad entries before index ${i}, no more are read`)];
        }
        const entry = readEntry(of, json, `${at}[${i}]`);
        if (entry instanceof ProtocolError) bad++;
        entries.push(entry);
      }
      return entries;
    },
    write: list(of).write,
  };
}

/** The entry of a batch, or the error that it is. */
export function readEntry<T>(of: Field<T>, value: unknown, at: string): Entry<T> {
  try {
    return of.read(value, at);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function arrayAt(value: unknown, at: string, refuse: (at: string, problem: string) => Error): unknown[] {
  if (Array.isArray(value)) return value;
  throw refuse(at, unlike(value, "an array"));
}

/** Whether a JSON value is an object; arrays are none. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectAt(value: unknown, at: string, refuse: (at: string, problem: string) => Error): JsonObject {
  if (isObject(value)) return value;
  throw refuse(at, unlike(value, "an object"));
}

/** A text. Of a peer's value that is none, such as a number, the JSON is taken. */
export const asText: Field<string> = {
  read(value, at) {
    if (typeof value === "string") return value;
    // JSON.stringify would exhaust the stack.
    if (isDeeper(value, MAX_PARAMETER_DEPTH)) {
      throw unreadable(at, `is nested deeper than ${MAX_PARAMETER_DEPTH} levels`);
    }
    return JSON.stringify(value);
  },
  write: string.write,
};

/** Free texts by name. */
export const stringMap: Field<Record<string, string>> = {
  read: (value, at) =>
    Object.fromEntries(
      Object.entries(objectAt(value, at, unreadable)).map((
        [key, text],
      ) => [key, asText.read(text, `${at}[${quote(key)}]`)]),
    ),
  write(value, at) {
    for (const [key, text] of Object.entries(objectAt(value, at, unwritable))) {
      asText.write(text as string, `${at}[${quote(key)}]`);
    }
    return value;
  },
};

/** The same field, for a member that peers leave out although they must not: what is meant then is certain. */
export function forgiven<T>(field: Field<T>, meant: T): Field<T> {
  return {
    read: (value, at) => value === undefined || value === null ? meant : field.read(value, at),
    write: field.write,
  };
}

/** The same field, for a member that is worth less than the rest of its message: a bad one is read as `instead`. */
export function dispensable<T>(field: Field<T>, instead: T): Field<T> {
  return {
    read(value, at) {
      const read = readEntry(field, value, at);
      return read instanceof ProtocolError ? instead : read as T;
    },
    write: field.write,
  };
}

/** The same field, for a member that may be left out. */
export function optional<Read, Write>(field: Field<Read, Write>): Field<Read, Write> & { readonly optional: true } {
  return { ...field, optional: true };
}

/** Reads and writes exactly the members of a shape: others are ignored, and never written. */
export function members<Read, Write = Read>(shape: Shape<Read, Write>): Members<Read, Write> {
  const fields = Object.entries<Field<unknown>>(shape);
  return {
    read(json, prefix) {
      const result: JsonObject = {};
      for (const [key, field] of fields) {
        const value = json[key];
        if (field.optional && (value === undefined || value === null)) continue;
        const read = field.read(value, prefix + key);
        if (read !== undefined) result[key] = read;
      }
      return result as Read;
    },
    write(value, prefix) {
      const result: JsonObject = {};
      for (const [key, field] of fields) {
        const member = (value as JsonObject)[key];
        if (field.optional && member === undefined) continue;
        result[key] = field.write(member, prefix + key);
      }
      return result;
    },
  };
}

/** An object with the members of a shape. */
export function object<Read, Write = Read>(shape: Shape<Read, Write>): Field<Read, Write> {
  const inside = members(shape);
  return {
    read: (value, at) => inside.read(objectAt(value, at, unreadable), `${at}.`),
    write(value, at) {
      objectAt(value, at, unwritable);
      return inside.write(value, `${at}.`);
    },
  };
}

/** A time inside JSON. */
export const secNsec: Field<SecNsec> = object<SecNsec>({ sec: u32, nsec: integer(999_999_999) });
