import type { ConformCase } from "../case.ts";

export const HANDSHAKE: readonly ConformCase[] = [];
