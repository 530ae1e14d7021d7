/** A hundred reconnects a second, for each way that this runtime has to serve. */
import { hastyRows } from "../suites/faults/hasty.ts";
import { onEachAdapter } from "../suites/faults/adapters.ts";

onEachAdapter(hastyRows);
