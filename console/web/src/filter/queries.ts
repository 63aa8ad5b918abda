// What filters ask the server: how a text could go on.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { post } from '../api/client';
import type { Completions } from '../api/generated/Completions';
import { serverNow } from '../api/live';
import { useRange } from '../location/address';
import { boundsOf } from '../location/range';

const FRESH_MS = 10_000;

export function useCompletions(before: string, enabled: boolean) {
  const range = useRange();
  return useQuery({
    queryKey: ['complete', before, range.text],
    queryFn: ({ signal }) => post<Completions>('/api/filter/complete', { before, ...boundsOf(range, serverNow()) }, signal),
    enabled,
    staleTime: FRESH_MS,
    placeholderData: keepPreviousData,
  });
}
