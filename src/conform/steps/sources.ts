/**
 * Where the rules of the cases come from.
 *
 * @module
 */
import type { Source } from "../case.ts";

/** The published specification: foxglove/ws-protocol, docs/spec.md, and our docs/protocol.md for what came after it. */
export const spec = (where: string): Source => ({ authority: "specification", where });

/** What the server of the official SDK does. */
export const sdk = (where: string): Source => ({ authority: "sdk", where });

/** What Foxwire does where both are silent: docs/behaviour.md. */
export const foxwire = (where: string): Source => ({ authority: "foxwire", where });
