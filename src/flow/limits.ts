/**
 * What a send queue may hold, and when it sends.
 *
 * @module
 */
import { DRAIN_BYTES } from "../transport/transport.ts";

/** Limits of one send queue. A waiting message counts its bytes and a fixed overhead, see `MESSAGE_OVERHEAD`. */
export interface SendQueueLimits {
  /** Most that the control lane may hold, in bytes; more is an overflow. */
  controlBytes: number;
  /**
   * Most that data may take in its lane, in bytes; beyond that the oldest is dropped. What the transport has waiting
   * counts too, up to half of this.
   */
  dataBytes: number;
  /** A batch goes out when so many bytes wait, even before the turn ends. */
  batchBytes: number;
  /** While the transport has more than this in its own buffer, in bytes, it gets nothing more. */
  transportBytes: number;
  /** Most microseconds that a frame is held under load so that more leave in the same write; 0 turns it off. */
  coalesceMicros: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** The limits of a queue that was given none. */
export const SEND_QUEUE_LIMITS: Readonly<SendQueueLimits> = Object.freeze({
  // A greeting of ten thousand channels with schemas of a kilobyte fits.
  controlBytes: 16 * MIB,
  // A few point clouds, or several seconds of everything else.
  dataBytes: 16 * MIB,
  // Some hundred small frames: a write then costs each of them next to nothing, and larger ones gain nothing more.
  batchBytes: 64 * KIB,
  // Enough for the runtime to keep the kernel's buffer full; what is in there can be neither dropped nor purged.
  transportBytes: MIB,
  // Far below what a 1 kHz loop can notice, and long enough for dozens of frames.
  coalesceMicros: 200,
});

/** {@link SEND_QUEUE_LIMITS} with some replaced, and `transportBytes` brought into the range in which it works. */
export function resolveLimits(given: Partial<SendQueueLimits> = {}): SendQueueLimits {
  const limits = { ...SEND_QUEUE_LIMITS, ...given };
  // Half of a small budget stays in the lane, where the oldest can make room; below DRAIN_BYTES no drain need come.
  limits.transportBytes = Math.max(DRAIN_BYTES, Math.min(limits.transportBytes, limits.dataBytes / 2));
  return limits;
}
