/** Parameters: types and values, NaN, nesting. */
import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "../support/test.ts";
import { decodeClientMessage, encodeClientMessage } from "../../src/protocol/codec.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { Entry, Parameter, ParameterValue } from "../../src/protocol/messages.ts";

/** The parameter that the JSON text of one is read as. */
function read(text: string): Entry<Parameter> {
  const message = decodeClientMessage(`{"op":"setParameters","parameters":[${text}]}`);
  assert(message?.op === "setParameters" && message.parameters.length === 1);
  return message.parameters[0]!;
}

/** The JSON text that a parameter is written as. */
function write(parameter: Parameter): string {
  const text = encodeClientMessage({ op: "setParameters", parameters: [parameter] }) as string;
  return text.slice('{"op":"setParameters","parameters":['.length, -"]}".length);
}

const READ_AND_WRITTEN: [text: string, Parameter][] = [
  ['{"name":"a"}', { name: "a" }],
  ['{"name":"","value":""}', { name: "", value: "" }],
  ['{"name":"a","type":"float64"}', { name: "a", type: "float64" }],
  ['{"name":"a","value":false}', { name: "a", value: false }],
  ['{"name":"a","value":9007199254740993}', { name: "a", value: 9007199254740992 }],
  ['{"name":"a","type":"float64","value":1.0}', { name: "a", type: "float64", value: 1 }],
  ['{"name":"a","type":"float64","value":null}', { name: "a", type: "float64", value: NaN }],
  ['{"name":"a","type":"float64_array","value":[]}', { name: "a", type: "float64_array", value: [] }],
  ['{"name":"a","type":"float64_array","value":[1,null]}', { name: "a", type: "float64_array", value: [1, NaN] }],
  ['{"name":"a","type":"byte_array","value":""}', { name: "a", type: "byte_array", value: "" }],
  ['{"name":"a","type":"byte_array","value":"+/8="}', { name: "a", type: "byte_array", value: "+/8=" }],
  ['{"name":"a","type":"byte_array","value":"+w=="}', { name: "a", type: "byte_array", value: "+w==" }],
  ['{"name":"a","value":[1,"b",{"c":[true,[]]},{}]}', { name: "a", value: [1, "b", { c: [true, []] }, {}] }],
  // A type that nobody knows yet is kept for the peer that does.
  ['{"name":"a","type":"int8_array","value":[1]}', { name: "a", type: "int8_array", value: [1] }],
  ['{"name":"a","type":"__proto__","value":1}', { name: "a", type: "__proto__", value: 1 }],
];

for (const [text, parameter] of READ_AND_WRITTEN) {
  test(`the parameter ${text} is read and written`, () => {
    assertEquals<unknown>(read(text), parameter);
    assertEquals(JSON.parse(write(parameter)), JSON.parse(text));
  });
}

test("a float64 that is infinite is written as `null`, and one beyond the largest number is read as infinite", () => {
  assertStrictEquals(
    write({ name: "a", type: "float64", value: -Infinity }),
    '{"name":"a","type":"float64","value":null}',
  );
  assertEquals<unknown>(read('{"name":"a","type":"float64","value":-1e999}'), {
    name: "a",
    type: "float64",
    value: -Infinity,
  });
});

test("unknown members of a parameter are ignored and never written", () => {
  assertEquals<unknown>(read('{"name":"a","value":1,"unit":"m","type":null}'), { name: "a", value: 1 });
  assertStrictEquals(write({ name: "a", value: 1, unit: "m" } as Parameter), '{"name":"a","value":1}');
});

const PLAIN = "a finite number, boolean, string, array or object";
const INSIDE = "need finite numbers, booleans, strings, arrays or objects";

const REFUSED: [text: string, error: string][] = [
  ['{"name":null}', "name is null, need a string"],
  ['{"name":"a","type":1}', "type is number 1, need a string"],
  ['{"name":"a","value":null}', `value is null, need ${PLAIN}`],
  ['{"name":"a","value":1e999}', `value is number Infinity, need ${PLAIN}`],
  ['{"name":"a","value":[1,[null]]}', `value contains null, ${INSIDE}`],
  ['{"name":"a","value":{"b":-1e999}}', `value contains number -Infinity, ${INSIDE}`],
  ['{"name":"a","type":"int8","value":null}', `value is null, need ${PLAIN}`],
  ['{"name":"a","type":"float64","value":"1"}', 'value is string "1", need a number for type "float64"'],
  ['{"name":"a","type":"float64","value":[1]}', 'value is array, need a number for type "float64"'],
  [
    '{"name":"a","type":"float64_array","value":1}',
    'value is number 1, need an array of numbers for type "float64_array"',
  ],
  [
    '{"name":"a","type":"float64_array","value":null}',
    'value is null, need an array of numbers for type "float64_array"',
  ],
  [
    '{"name":"a","type":"float64_array","value":[1,"2"]}',
    'value has string "2" at index 1, need a number for type "float64_array"',
  ],
  ['{"name":"a","type":"byte_array","value":[1]}', 'value is array, need padded base64 for type "byte_array"'],
  ['{"name":"a","type":"byte_array","value":null}', 'value is null, need padded base64 for type "byte_array"'],
  ...["A", "AB", "ABC", "AB=", "A===", "====", "AB==CD==", "AB=C", "AB-_", "A B=", "ABC=\\n"].map((value) =>
    [
      `{"name":"a","type":"byte_array","value":"${value}"}`,
      `value is string "${value}", need padded base64 for type "byte_array"`,
    ] as [string, string]
  ),
];

for (const [text, message] of REFUSED) {
  test(`the parameter ${text} is told: ${message}`, () => {
    const error = read(text);
    assertInstanceOf(error, ProtocolError);
    assertStrictEquals(error.message, `Cannot decode setParameters: parameters[0].${message}`);
  });
}

const UNWRITABLE: [Parameter, string][] = [
  [{ name: "a", value: NaN }, `value is number NaN, need ${PLAIN}`],
  [{ name: "a", value: { b: [Infinity] } }, `value contains number Infinity, ${INSIDE}`],
  [{ name: "a", value: { b: undefined as unknown as string } }, `value contains undefined, ${INSIDE}`],
  [{ name: "a", value: 1n as unknown as number }, `value is bigint 1, need ${PLAIN}`],
  [{ name: "a", type: "float64", value: "1" }, 'value is string "1", need a number for type "float64"'],
  [{ name: "a", type: "byte_array", value: "?" }, 'value is string "?", need padded base64 for type "byte_array"'],
];

for (const [parameter, message] of UNWRITABLE) {
  test(`a parameter that no peer would take is the caller's mistake: ${message}`, () => {
    const error = assertThrows(() => write(parameter), TypeError);
    assertStrictEquals(error.message, `Cannot encode setParameters: parameters[0].${message}`);
  });
}

/** `levels` arrays, each in the next. */
function nested(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

test("128 levels of a value are read, the value itself being the first, and 129 are refused", () => {
  assertFine(read(`{"name":"a","value":${nested(128)}}`));
  assertFine(read(`{"name":"a","value":${"[".repeat(127)}1${"]".repeat(127)}}`));
  assertFine(read(`{"name":"a","value":${'{"b":'.repeat(127)}1${"}".repeat(127)}}`));
  const tooDeep = [nested(129), `${"[".repeat(128)}1${"]".repeat(128)}`, `${'{"b":'.repeat(128)}1${"}".repeat(128)}`];
  for (const value of tooDeep) assertTooDeep(read(`{"name":"a","value":${value}}`));
});

test("a value of a hundred thousand levels, or an endless one, exhausts nothing", () => {
  assertTooDeep(read(`{"name":"a","value":${nested(100_000)}}`));
  // Nobody looks at members that nobody knows, however deep.
  assertFine(read(`{"name":"a","value":1,"b":${nested(100_000)}}`));
  const endless: ParameterValue[] = [];
  endless.push(endless, endless);
  assertThrows(() => write({ name: "a", value: endless }), TypeError, "value is nested deeper than 128 levels");
});

function assertFine(entry: Entry<Parameter>): void {
  assert(!(entry instanceof ProtocolError), String(entry));
}

function assertTooDeep(entry: Entry<Parameter>): void {
  assertInstanceOf(entry, ProtocolError);
  assertStrictEquals(
    entry.message,
    "Cannot decode setParameters: parameters[0].value is nested deeper than 128 levels",
  );
}

test("sixteen megabytes of base64 are checked without exhausting the stack", () => {
  const value = "QUJD".repeat(4 * 1024 * 1024);
  assertFine(read(`{"name":"a","type":"byte_array","value":"${value}"}`));
});
