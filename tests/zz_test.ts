import { assert } from "@std/assert";
import { test, runtime } from "./support/test.ts";
console.log(runtime);
test("a works", () => assert(1));
test("b fails", () => assert(0));
test("c fails", () => { console.log("hi"); throw new TypeError("nö", { cause: new Error("why") })});
