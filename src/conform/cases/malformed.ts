import type { ConformCase } from "../case.ts";

export const MALFORMED: readonly ConformCase[] = [];
