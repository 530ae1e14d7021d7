/** The examples in docs/protocol.md are messages. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readFileSync } from "node:fs";
import { test } from "../support/test.ts";
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
} from "../../src/protocol/codec.ts";
import { CLIENT_JSON } from "../../src/protocol/client_json.ts";
import { CLIENT_OPCODES, SERVER_OPCODES } from "../../src/protocol/constants.ts";
import { ProtocolError } from "../../src/protocol/errors.ts";
import type { ClientMessage, ServerMessage } from "../../src/protocol/messages.ts";
import { SchemaTableReader, SchemaTableWriter } from "../../src/protocol/schema_table.ts";
import { SERVER_JSON } from "../../src/protocol/server_json.ts";
import { hex } from "./support.ts";

const document = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
const examples = [...document.matchAll(/^```(json|hex) (server|client)( v1\.1)?\n(.*?)^```$/gms)];

// The examples of the schema table follow one another on one connection.
const [reader, writer] = [new SchemaTableReader(), new SchemaTableWriter()];

examples.forEach(([, form, side, table, body], i) => {
  const data = form === "json" ? body! : hex(body!.replace(/^((?:[0-9a-f]{2} )+).*$/gm, "$1"));
  test(`example ${i + 1} of docs/protocol.md, from the ${side}, is read and written as it stands there`, () => {
    const encoded = side === "server"
      ? encodeServerMessage(server(data, table ? reader : undefined), table ? writer : undefined)
      : encodeClientMessage(decodeClientMessage(data) as ClientMessage);
    assertEquals<unknown>(typeof encoded === "string" ? JSON.parse(encoded) : encoded, meaning(data));
  });
});

function server(data: string | Uint8Array, schemas: SchemaTableReader | undefined): ServerMessage {
  const message = decodeServerMessage(data, schemas);
  assert(message !== undefined);
  for (const member of Object.values(message).filter(Array.isArray)) {
    for (const entry of member) assert(!(entry instanceof ProtocolError), String(entry));
  }
  return message as ServerMessage;
}

function meaning(data: string | Uint8Array): unknown {
  return typeof data === "string" ? JSON.parse(data) : data;
}

test("docs/protocol.md has an example of every binary message, and the others in its tables", () => {
  const opcodes = (from: string) =>
    examples.filter(([, form, side]) => form === "hex" && side === from).map(([, , , , body]) => hex(body!)[0]);
  assertEquals(opcodes("server"), Object.values(SERVER_OPCODES));
  assertEquals(opcodes("client"), Object.values(CLIENT_OPCODES));
  for (const op of Object.keys({ ...SERVER_JSON, ...CLIENT_JSON })) assertStringIncludes(document, `\n| \`${op}\` `);
});
