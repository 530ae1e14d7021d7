/**
 * Stand-in for the functions of `@std/assert` that the tests use, for runtimes and machines that do not reach JSR.
 * Portable: it is bundled for the browser runs too.
 */
import { equal } from "./equal.ts";
import { format } from "./format.ts";

/** Thrown by every failed assertion. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

// deno-lint-ignore no-explicit-any -- any constructor at all, as in @std/assert
type AnyConstructor<T> = abstract new (...args: any[]) => T;

function failed(message: string, note?: string): never {
  throw new AssertionError(note ? `${message}: ${note}` : message);
}

export function fail(message?: string): never {
  failed("Failed assertion", message);
}

export function assert(condition: unknown, message = ""): asserts condition {
  if (!condition) throw new AssertionError(message || "Expected a truthy value");
}

export function assertFalse(value: unknown, message?: string): asserts value is false {
  if (value) failed(`Expected a falsy value, got ${format(value)}`, message);
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  if (!equal(actual, expected)) failed(difference("Values are not equal", actual, expected), message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  if (equal(actual, expected)) failed(`Expected values that differ, got ${format(actual)} twice`, message);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  if (!Object.is(actual, expected)) {
    failed(difference("Values are not strictly equal", actual, expected), message);
  }
}

function difference(what: string, actual: unknown, expected: unknown): string {
  return `${what}\n  actual:   ${format(actual)}\n  expected: ${format(expected)}\n`;
}

export function assertGreater<T>(actual: T, expected: T, message?: string): void {
  if (!(actual > expected)) failed(`Expected ${format(actual)} > ${format(expected)}`, message);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void {
  if (!(actual >= expected)) failed(`Expected ${format(actual)} >= ${format(expected)}`, message);
}

export function assertLess<T>(actual: T, expected: T, message?: string): void {
  if (!(actual < expected)) failed(`Expected ${format(actual)} < ${format(expected)}`, message);
}

export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void {
  if (!(actual <= expected)) failed(`Expected ${format(actual)} <= ${format(expected)}`, message);
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  if (!expected.test(actual)) failed(`Expected ${format(actual)} to match ${expected}`, message);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (!actual.includes(expected)) failed(`Expected ${format(actual)} to contain ${format(expected)}`, message);
}

export function assertInstanceOf<T>(actual: unknown, type: AnyConstructor<T>, message?: string): asserts actual is T {
  if (!(actual instanceof type)) failed(`Expected an instance of ${type.name}, got ${format(actual)}`, message);
}

export function assertThrows(fn: () => unknown, message?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  type: AnyConstructor<E>,
  includes?: string,
  message?: string,
): E;
/** Runs `fn`, expects it to throw and gives what it threw. */
export function assertThrows(fn: () => unknown, ...expected: Expected): unknown {
  try {
    fn();
  } catch (error) {
    return checkThrown(error, expected);
  }
  return failed("Expected function to throw", noteOf(expected));
}

export function assertRejects(fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  type: AnyConstructor<E>,
  includes?: string,
  message?: string,
): Promise<E>;
/** Runs `fn`, expects its promise to reject and gives the reason. A synchronous throw is no rejection. */
export async function assertRejects(fn: () => PromiseLike<unknown>, ...expected: Expected): Promise<unknown> {
  const promise = callForPromise(fn, noteOf(expected));
  try {
    await promise;
  } catch (error) {
    return checkThrown(error, expected);
  }
  return failed("Expected function to reject", noteOf(expected));
}

function callForPromise(fn: () => PromiseLike<unknown>, note: string | undefined): PromiseLike<unknown> {
  try {
    return fn();
  } catch (error) {
    return failed(`Function throws when expected to reject, with ${format(error)}`, note);
  }
}

type Expected = [type?: AnyConstructor<Error> | string, includes?: string, message?: string];

function noteOf([type, , message]: Expected): string | undefined {
  return typeof type === "string" ? type : message;
}

function checkThrown(error: unknown, expected: Expected): unknown {
  const [type, includes] = expected;
  if (type === undefined || typeof type === "string") return error;
  const note = noteOf(expected);
  if (!(error instanceof type)) failed(`Expected error to be ${type.name}, got ${format(error)}`, note);
  if (includes !== undefined && !error.message.includes(includes)) {
    failed(`Expected error message ${format(error.message)} to contain ${format(includes)}`, note);
  }
  return error;
}
