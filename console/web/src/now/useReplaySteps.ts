// Steps through the frames of a replay: Space plays and pauses, and reduced motion only makes it no faster.
import { useEffect, useState } from 'react';
import { hold } from '../api/live';

const FRAME_MS = 350;

export interface Player {
  /** `undefined`: no replay is shown. */
  frame?: number;
  isPlaying: boolean;
  play: () => void;
  pause: () => void;
  seek: (frame: number) => void;
  stop: () => void;
}

export function useReplaySteps(frames: number | undefined): Player {
  const [frame, setFrame] = useState<number>();
  const [isPlaying, setPlaying] = useState(false);
  const isShown = frame !== undefined;
  // What is replayed stands still below; live numbers come back when it is left.
  useEffect(() => (isShown ? hold('replay') : undefined), [isShown]);
  useEffect(() => {
    if (!isPlaying || frames === undefined) return;
    const timer = window.setInterval(() => setFrame((now = -1) => Math.min(frames - 1, now + 1)), FRAME_MS);
    return () => window.clearInterval(timer);
  }, [isPlaying, frames]);
  useEffect(() => {
    if (isPlaying && frames !== undefined && frame === frames - 1) setPlaying(false);
  }, [isPlaying, frame, frames]);
  return {
    frame,
    isPlaying,
    play: () => {
      setFrame((now) => (now === undefined || (frames !== undefined && now >= frames - 1) ? 0 : now));
      setPlaying(true);
    },
    pause: () => setPlaying(false),
    seek: (to) => {
      setPlaying(false);
      setFrame(Math.max(0, Math.min((frames ?? 1) - 1, to)));
    },
    stop: () => {
      setPlaying(false);
      setFrame(undefined);
    },
  };
}
