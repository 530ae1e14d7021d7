import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runtime, test } from "../support/test.ts";

if (runtime === "deno") {
  test("on Deno a server and a client need the network and two environment variables, and nothing else", async () => {
    const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
    // `ws` reads the two variables when it is loaded.
    const [, permissions = ""] = /^deno run (--allow-net --allow-env=\S+) server\.ts$/m.exec(readme) ?? [];
    assertEquals(permissions.split(" ").length, 2, "flags in README.md");
    const program = fileURLToPath(new URL("../package/roundtrip.mjs", import.meta.url));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...permissions.split(" "), program],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    assertEquals([code, text.decode(stdout), text.decode(stderr)], [0, "ok\n", ""]);
  });
}
