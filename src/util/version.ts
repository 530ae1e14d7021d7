/** Version of this package; a gate keeps it equal to deno.json's. */
export const VERSION = "0.1.0";
