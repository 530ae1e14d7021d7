/** Connections that are reset, for each way that this runtime has to serve. */
import { resetRows } from "../suites/faults/resets.ts";
import { onEachAdapter } from "../suites/faults/adapters.ts";

onEachAdapter(resetRows);
