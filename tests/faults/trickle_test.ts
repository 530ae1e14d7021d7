/** One byte at a time, for each way that this runtime has to serve. */
import { trickleRows } from "../suites/faults/trickle.ts";
import { onEachAdapter } from "../suites/faults/adapters.ts";

onEachAdapter(trickleRows);
