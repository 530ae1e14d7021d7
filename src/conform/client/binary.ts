/**
 * Binary messages by hand: a server's written, a client's read.
 *
 * @module
 */
import { bytes, Cursor, f32, text, u32, u64, u8 } from "../bytes.ts";

/** The opcodes of a client. */
export const CLIENT_OPCODES = { messageData: 1, serviceCall: 2, playbackControl: 3 } as const;

/** `messageData` of a server. */
export function serverData(subscriptionId: number, data: string, logTime = 1n): Uint8Array {
  return bytes(u8(1), u32(subscriptionId), u64(logTime), data);
}

/** `time` of a server. */
export function serverTime(timestamp: bigint): Uint8Array {
  return bytes(u8(2), u64(timestamp));
}

/** `serviceCallResponse`. */
export function serviceResponse({ serviceId, callId, encoding }: ServiceCall, data: string): Uint8Array {
  return bytes(u8(3), u32(serviceId), u32(callId), text(encoding), data);
}

/** `fetchAssetResponse`: data, or the error. */
export function assetResponse(requestId: number, { data = "", error }: { data?: string; error?: string }): Uint8Array {
  return bytes(u8(4), u32(requestId), u8(error === undefined ? 0 : 1), text(error ?? ""), data);
}

/** What a server says of its playback: status 0 is playing, 1 paused, 2 buffering, 3 ended. */
export interface PlaybackSaid {
  status: number;
  currentTime: bigint;
  speed: number;
  didSeek?: boolean;
  requestId?: string;
}

/** `playbackState`. */
export function playbackState({ status, currentTime, speed, didSeek, requestId = "" }: PlaybackSaid): Uint8Array {
  return bytes(u8(5, status), u64(currentTime), f32(speed), u8(didSeek ? 1 : 0), text(requestId));
}

/** `messageData` of a client. */
export interface ClientData {
  channelId: number;
  data: Uint8Array;
}

/** A service call. */
export interface ServiceCall {
  serviceId: number;
  callId: number;
  encoding: string;
  data: Uint8Array;
}

/** A playback request. */
export interface PlaybackAsked {
  command: number;
  speed: number;
  hasSeek: number;
  seekTime: bigint;
  requestId: string;
}

/** Reads `messageData` of a client. @throws {Mismatch} when it is too short. */
export function readClientData(frame: Uint8Array): ClientData {
  const reader = new Cursor(frame, CLIENT_OPCODES.messageData);
  return { channelId: reader.u32(), data: reader.rest() };
}

/** Reads a service call. @throws {Mismatch} when it is too short. */
export function readServiceCall(frame: Uint8Array): ServiceCall {
  const reader = new Cursor(frame, CLIENT_OPCODES.serviceCall);
  return { serviceId: reader.u32(), callId: reader.u32(), encoding: reader.text(), data: reader.rest() };
}

/** Reads a playback request. @throws {Mismatch} when it is too short. */
export function readPlaybackRequest(frame: Uint8Array): PlaybackAsked {
  const reader = new Cursor(frame, CLIENT_OPCODES.playbackControl);
  return {
    command: reader.u8(),
    speed: reader.f32(),
    hasSeek: reader.u8(),
    seekTime: reader.u64(),
    requestId: reader.text(),
  };
}
