/** Half-open connections, for each way that this runtime has to serve. */
import { silentRows } from "../suites/faults/silent.ts";
import { onEachAdapter } from "../suites/faults/adapters.ts";

onEachAdapter(silentRows);
