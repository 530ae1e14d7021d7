/** Servers that are almost right: the rows of docs/interop.md. */
import { ALMOST_RIGHT } from "../support/almost_right.ts";
import { test } from "../support/test.ts";

for (const [habit, proof] of Object.entries(ALMOST_RIGHT)) test(`an almost right server: ${habit}`, proof);
