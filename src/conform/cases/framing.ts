import type { ConformCase } from "../case.ts";

export const FRAMING: readonly ConformCase[] = [];
