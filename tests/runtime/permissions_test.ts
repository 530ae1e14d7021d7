import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runtime, test } from "../support/test.ts";

/** What docs and README tell users of Deno to grant. `ws` reads the two variables when it is loaded. */
const PERMISSIONS = ["--allow-net", "--allow-env=WS_NO_BUFFER_UTIL,WS_NO_UTF_8_VALIDATE"];

if (runtime === "deno") {
  test("on Deno a server and a client need the network and two environment variables, and nothing else", async () => {
    const program = fileURLToPath(new URL("../package/roundtrip.mjs", import.meta.url));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...PERMISSIONS, program],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    assertEquals([code, text.decode(stdout), text.decode(stderr)], [0, "ok\n", ""]);
  });
}
