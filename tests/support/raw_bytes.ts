/** Binary messages by hand, as the conformance suite has them; payloads of JSON channels and services as text. */
import * as conform from "../../src/conform/bytes.ts";

export {
  bytes,
  f32,
  messageData,
  type Piece,
  playbackRequest,
  readAsset,
  readPlayback,
  readTime,
  serviceCall,
  text,
  u32,
  u64,
  u8,
  utf8,
} from "../../src/conform/bytes.ts";

/** Reads `messageData`; the payload as text. */
export function readData(frame: Uint8Array) {
  const { payload, ...data } = conform.readData(frame);
  return { ...data, payload: conform.utf8(payload) };
}

/** Reads `serviceCallResponse`; the payload as text. */
export function readServiceResponse(frame: Uint8Array) {
  const { payload, ...response } = conform.readServiceResponse(frame);
  return { ...response, payload: conform.utf8(payload) };
}
