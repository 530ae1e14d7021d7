import type { ConformCase } from "../case.ts";

export const CONNECTION: readonly ConformCase[] = [];
