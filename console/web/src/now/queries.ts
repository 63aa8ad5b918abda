// What the home page asks beside the graph: the time around the window and the replay.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { History } from '../api/generated/History';
import type { Replay } from '../api/generated/Replay';
import { useLive } from '../api/live';
import type { Bounds } from './strip';

const HISTORY_MS = 10_000;
/** One more than twice sixty: a live range ends a second ahead, and no bucket is to be twice as long for that. */
const BUCKETS = 121;

export function useHistory(bounds: Bounds, group: string | undefined, isMoving: boolean) {
  const isPaused = useLive().state === 'off';
  return useQuery({
    // A strip that moves with the time is one question, asked again and again.
    queryKey: ['history', isMoving ? bounds.to - bounds.from : bounds.from, isMoving ? 'now' : bounds.to, group],
    queryFn: ({ signal }) => get<History>('/api/history', { from: bounds.from, to: bounds.to, buckets: BUCKETS, group }, signal),
    refetchInterval: isMoving && !isPaused ? HISTORY_MS : false,
    placeholderData: keepPreviousData,
  });
}

export function useReplay(bounds: Bounds, frames: number, group: string | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ['replay', bounds.from, bounds.to, frames, group],
    queryFn: ({ signal }) => get<Replay>('/api/replay', { from: bounds.from, to: bounds.to, frames, group }, signal),
    enabled,
    staleTime: Infinity,
  });
}
