/** Slow connections, for each way that this runtime has to serve. */
import { slowRows } from "../suites/faults/slow.ts";
import { onEachAdapter } from "../suites/faults/adapters.ts";

onEachAdapter(slowRows);
