// What the comparison of two sets asks the server.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get, post } from '../api/client';
import type { Compare } from '../api/generated/Compare';
import type { TraceList } from '../api/generated/TraceList';
import { useGroup } from '../location/address';
import { boundsOf, type Range } from '../location/range';

const SHOWN = 10;

/** `frozenAt` fixes the window of a relative range, so that nothing moves while it is being read. */
export function useCompare(range: Range, a: string, b: string, frozenAt: number) {
  const group = useGroup();
  return useQuery({
    queryKey: ['compare', range.text, a, b, group, frozenAt],
    queryFn: ({ signal }) => post<Compare>('/api/compare', { ...boundsOf(range, frozenAt), a, b: b === '' ? undefined : b, group }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

/** The newest traces of one set. */
export function useNewest(range: Range, filter: string, frozenAt: number) {
  const group = useGroup();
  return useQuery({
    queryKey: ['newest', range.text, filter, group, frozenAt],
    queryFn: ({ signal }) => get<TraceList>('/api/traces', { ...boundsOf(range, frozenAt), filter, group, limit: SHOWN }, signal),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
  });
}
