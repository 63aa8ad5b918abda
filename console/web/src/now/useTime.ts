// The time of the home page: the strip around the window, moving the window, and the replay of it.
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Graph } from '../api/generated/Graph';
import type { Change } from '../location/address';
import { absolute, type Range } from '../location/range';
import { useHistory, useReplay } from './queries';
import { frameOf } from './replay';
import { stripFor, type Bounds } from './strip';
import { useReplaySteps, type Player } from './useReplaySteps';

const MOST_FRAMES = 60;
const SHORTEST_FRAME_MS = 1000;
/** A window that ends this close to the present is the live one. */
const LIVE_MS = 30_000;

export function useTime(data: Graph, range: Range, params: URLSearchParams, change: (names: Change, replace?: boolean) => void) {
  const group = params.get('group') ?? undefined;
  const isLive = range.kind === 'relative';
  const window = useMemo(() => ({ from: data.from, to: data.to }), [data.from, data.to]);
  const before = useRef<Bounds>(undefined);
  const strip = useMemo(() => {
    // A live strip moves with the time; one of the past stays while the window moves on it.
    before.current = stripFor(window, data.now, isLive ? undefined : before.current);
    return before.current;
  }, [window, data.now, isLive]);
  const history = useHistory(strip, group, isLive).data;

  const [replayOf, setReplayOf] = useState<Bounds>();
  const frames = replayOf ? Math.max(1, Math.min(MOST_FRAMES, Math.ceil((replayOf.to - replayOf.from) / SHORTEST_FRAME_MS))) : 1;
  const replay = useReplay(replayOf ?? window, frames, group, replayOf !== undefined).data;
  const steps = useReplaySteps(replay?.frames.length);
  const player: Player = {
    ...steps,
    play: () => {
      // From the first request on; the empty part of a range shows nothing.
      setReplayOf((now) => now ?? { from: Math.max(window.from, data.series[0]?.at ?? window.from), to: Math.min(window.to, data.now) });
      steps.play();
    },
    stop: () => {
      setReplayOf(undefined);
      steps.stop();
    },
  };
  const frame = replay && replayOf && steps.frame;
  const shown = useMemo(() => (replay && frame !== undefined ? frameOf(data, replay, frame) : data), [data, replay, frame]);
  const frameAt = replay && frame !== undefined ? { from: replay.from + frame * replay.step, to: replay.from + (frame + 1) * replay.step } : undefined;

  const toLive = useCallback(() => change({ range: undefined }, false), [change]);
  const onWindow = useCallback(
    ({ from, to }: Bounds) => {
      if (isLive && to >= data.now - LIVE_MS && Math.abs(to - from - (window.to - window.from)) < LIVE_MS) return;
      change({ range: absolute(from, to).text }, false);
    },
    [change, data.now, isLive, window],
  );
  return { strip, window, history, player, replay: frame === undefined ? undefined : replay, frameAt, shown, isReplay: frame !== undefined, toLive, onWindow };
}
