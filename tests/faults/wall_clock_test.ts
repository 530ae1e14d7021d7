/** A wall clock that jumps, for each way that this runtime has to serve. */
import { wallClockRows } from "../suites/faults/wall_clock.ts";
import { onEachAdapter } from "../suites/faults/adapters.ts";

onEachAdapter(wallClockRows);
