// Where the time of clients went in many traces, as the server adds it up.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { post } from '../api/client';
import type { CriticalPaths } from '../api/generated/CriticalPaths';
import type { FasterCall } from '../api/generated/FasterCall';
import { serverNow } from '../api/live';
import { useGroup } from '../location/address';
import { boundsOf, type Range } from '../location/range';
import { PATIENT_MS } from '../tree/queries';

/** Many traces are looked at for each answer, so the map asks again seldom. */
const AGAIN_MS = 30_000;

interface Asked {
  filter: string;
  faster?: FasterCall;
  frozenAt: number;
  isPatient: boolean;
}

export function useCriticalPaths(range: Range, { filter, faster, frozenAt, isPatient }: Asked, isAsked = true) {
  const group = useGroup();
  return useQuery({
    queryKey: ['critical-path', range.text, filter, group, frozenAt, isPatient, faster?.caller, faster?.node, faster?.by],
    queryFn: ({ signal }) => post<CriticalPaths>('/api/critical-path', { ...boundsOf(range, frozenAt), filter, faster, group, within: isPatient ? PATIENT_MS : undefined }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    enabled: isAsked,
  });
}

/** For the edges of the map, of the range as it moves. */
export function useEdgeShares(range: Range, isAsked: boolean) {
  const group = useGroup();
  return useQuery({
    queryKey: ['critical-path of the map', range.text, group],
    queryFn: ({ signal }) => post<CriticalPaths>('/api/critical-path', { ...boundsOf(range, serverNow()), group }, signal),
    refetchInterval: range.kind === 'relative' ? AGAIN_MS : false,
    placeholderData: keepPreviousData,
    staleTime: AGAIN_MS,
    enabled: isAsked,
  });
}
