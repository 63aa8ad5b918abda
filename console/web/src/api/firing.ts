// What goes on now: insights, alarms, and what is wrong with Fluoro itself. The live stream says when to ask again.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from './client';
import type { FiringList } from './generated/FiringList';

/** Where the stream is not open. */
const AGAIN_MS = 10_000;

export function useFiring() {
  return useQuery({
    queryKey: ['firing'],
    queryFn: ({ signal }) => get<FiringList>('/api/firing', {}, signal),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
    select: ({ firing }) => firing,
  });
}
