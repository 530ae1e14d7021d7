/**
 * Playback of a recording from 1 700 000 000 s to a minute later, which stands at its start at first. While it plays,
 * `/playback` has json messages `{"t": 0.05}`, the seconds since the start, 20 per second of playback time, logged at
 * that time. The server's time is that of playback, ten times per second, also while it stands still.
 */
import type { FoxgloveServer } from "@foxwire/foxwire/server";
import { Player, RANGE } from "./player.ts";
import { objectSchema } from "./schema.ts";
import { every } from "./timers.ts";

/** How often messages leave that have become due. */
const LOOK_HERTZ = 50;

export function addPlayback(server: FoxgloveServer, signal: AbortSignal): void {
  const schema = objectSchema("Playback", { t: { type: "number" } });
  const channel = server.channel<{ t: number }>("/playback", { encoding: "json", schema });
  const player = new Player((t, logTime) => channel.publish({ t }, { logTime }));
  const change = (state: { playing?: boolean; speed?: number }) => {
    const wasPlaying = player.playing;
    player.set(state);
    // So that the answer says where exactly that was.
    if (wasPlaying) playback.update({ currentTime: player.position });
  };
  const playback = server.playback({
    ...RANGE,
    play: () => change({ playing: true }),
    pause: () => change({ playing: false }),
    setSpeed: (speed) => change({ speed }),
    seek: (time) => player.seek(time),
  });
  every(LOOK_HERTZ, signal, () => {
    player.advance();
    if (!player.playing || !player.atEnd) return;
    player.set({ playing: false });
    playback.ended();
  });
  every(10, signal, () => playback.update({ currentTime: player.position }));
}
