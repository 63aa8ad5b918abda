// What the list of traces asks the server.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { BreakdownOverTime } from '../api/generated/BreakdownOverTime';
import type { Facets } from '../api/generated/Facets';
import type { TraceList } from '../api/generated/TraceList';
import { serverNow } from '../api/live';
import { useGroup } from '../location/address';
import { boundsOf, type Range } from '../location/range';

const PAGE_ROWS = 100;
const NEWER_MS = 5000;

export interface TraceQuestion {
  range: Range;
  filter: string;
  by: string;
  /** Empty for newest first. */
  sort: string;
  /** How many traces to look at; the server's own number where it is absent. */
  scan?: number;
  /** Keys of annotations that rows show. */
  annotations: string[];
}

/** Not refetched by pulses: rows never move under the pointer. `frozenAt` fixes the window of a relative range. */
export function useTraceList({ range, filter, by, sort, scan, annotations }: TraceQuestion, frozenAt: number) {
  const group = useGroup();
  const keys = annotations.join('\n');
  return useInfiniteQuery({
    queryKey: ['traces', range.text, filter, by, sort, scan, keys, group, frozenAt],
    queryFn: ({ pageParam, signal }) =>
      get<TraceList>('/api/traces', { ...boundsOf(range, frozenAt), filter, by, sort, scan, annotations: keys, group, limit: PAGE_ROWS, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
  });
}

/** What the same traces can be narrowed by. Asked once the list is there, which the reader waits for. */
export function useFacets({ range, filter }: TraceQuestion, frozenAt: number, isWanted: boolean) {
  const group = useGroup();
  return useQuery({
    queryKey: ['facets', range.text, filter, group, frozenAt],
    queryFn: ({ signal }) => get<Facets>('/api/facets', { ...boundsOf(range, frozenAt), filter, group }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    enabled: isWanted,
  });
}

/** The same traces by one property over time. */
export function useOverTime({ range, filter, by }: TraceQuestion, frozenAt: number, isWanted: boolean) {
  const group = useGroup();
  return useQuery({
    queryKey: ['breakdown', range.text, filter, by, group, frozenAt],
    queryFn: ({ signal }) => get<BreakdownOverTime>('/api/breakdown', { ...boundsOf(range, frozenAt), filter, by, group }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    enabled: isWanted,
  });
}

/** How many matching traces began since; only these are looked at. */
export function useNewer({ range, filter }: TraceQuestion, frozenAt: number) {
  const group = useGroup();
  const since = boundsOf(range, frozenAt).to;
  return useQuery({
    queryKey: ['newer', range.text, filter, group, frozenAt],
    queryFn: ({ signal }) => get<TraceList>('/api/traces', { from: since, to: Math.max(since + 1, serverNow() + 1000), filter, group, limit: 1 }, signal),
    enabled: range.kind === 'relative',
    refetchInterval: NEWER_MS,
  });
}
