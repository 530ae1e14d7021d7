/**
 * Which of the protocol's names a connection speaks.
 *
 * @module
 */
import { type Subprotocol, SUBPROTOCOLS } from "./constants.ts";

/** The tokens of a `Sec-WebSocket-Protocol` header, in the client's order; empty ones are left out. */
export function offeredSubprotocols(header: string | null | undefined): string[] {
  return (header ?? "").split(",").map(trimBlanks).filter((token) => token !== "");
}

/** Without spaces and tabs around it; `trim()` would take more, such as no-break spaces. */
function trimBlanks(text: string): string {
  return text.split(/[ \t]+/).filter((word) => word !== "").join(" ");
}

/**
 * The subprotocol that a server answers with: the newest that the client offers, whatever the client's order. Names
 * are compared with upper and lower case.
 *
 * @param header Value of `Sec-WebSocket-Protocol`; several lines joined by commas.
 * @returns `undefined` when the client offers none of {@link SUBPROTOCOLS}: refuse the upgrade.
 *
 * @example
 * ```ts
 * import { selectSubprotocol } from "@foxwire/foxwire";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(selectSubprotocol("foxglove.websocket.v1, foxglove.sdk.v1"), "foxglove.sdk.v1");
 * assertEquals(selectSubprotocol("mqtt"), undefined);
 * assertEquals(selectSubprotocol(null), undefined);
 * ```
 */
export function selectSubprotocol(header: string | null | undefined): Subprotocol | undefined {
  const offered = offeredSubprotocols(header);
  return SUBPROTOCOLS.find((name) => offered.includes(name));
}
