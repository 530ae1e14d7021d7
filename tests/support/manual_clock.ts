import { systemClock } from "../../src/util/time.ts";
import { FakeClock } from "./fake_clock.ts";

/** A {@link FakeClock} for tests of whole connections: its delays are the test's, its turns the event loop's. */
export class ManualClock extends FakeClock {
  override defer(callback: () => void): void {
    systemClock.defer(callback);
  }
}
