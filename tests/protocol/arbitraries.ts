/** Every message of both directions, as fast-check makes them up. */
import fc, { type Arbitrary } from "fast-check";
import { PLAYBACK_COMMANDS, PLAYBACK_STATUSES, STATUS_LEVELS } from "../../src/protocol/constants.ts";
import type { ClientMessage, MessageOf, Parameter, ParameterValue, ServerMessage } from "../../src/protocol/messages.ts";
import { base64Encode } from "../../src/util/bytes.ts";

/** An arbitrary per op, so that a new op without one does not compile. */
type PerOp<M extends { op: string }> = { [Op in M["op"]]: Arbitrary<Omit<MessageOf<M, Op>, "op">> };

const OPTIONAL = { requiredKeys: [] as [] };

// Keys that objects without a null prototype have already.
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.constantFrom("__proto__", "constructor", "toString", '"\\u0000\n', "\\ud83e", "é🤖"),
);
const u32 = fc.oneof(fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(0xffff_ffff));
const safe = fc.oneof(fc.constantFrom(0, Number.MAX_SAFE_INTEGER, 2 ** 32), fc.maxSafeNat());
const u64 = fc.oneof(
  fc.constantFrom(0n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const bytes = fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 40 }));
const texts = fc.array(text, { maxLength: 4 });
const textMap = fc.dictionary(text, text, { maxKeys: 4 });
const time = fc.record({ sec: u32, nsec: fc.nat(999_999_999) });
// JSON.stringify loses the sign of -0.
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

function some<T extends object, Key extends keyof T>(members: { [K in Key]: Arbitrary<T[K]> }): Arbitrary<Pick<Partial<T>, Key>> {
  return fc.record(members, OPTIONAL) as Arbitrary<Pick<Partial<T>, Key>>;
}
