// What the pages ask the server, as react-query hooks; the keys' first words are what a pulse makes stale.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useGroup } from '../location/address';
import { boundsOf, type Range } from '../location/range';
import { get, post } from './client';
import type { FilterParse } from './generated/FilterParse';
import type { Graph } from './generated/Graph';
import type { SpanDetail } from './generated/SpanDetail';
import type { Status } from './generated/Status';
import type { TraceDetail } from './generated/TraceDetail';
import type { TraceList } from './generated/TraceList';
import { serverNow } from './live';

const PAGE_ROWS = 100;
const FIRST_RUN_MS = 1000;
/** Counting matches reads every trace of the range. */
const MATCHED_MS = 5000;
/** Segments of one trace arrive within seconds of each other, so an old trace is as complete as it will be. */
const YOUNG_MS = 60_000;
const YOUNG_TRACE_MS = 3000;

/** New data changes what ends now, not what ended at a given instant. */
export function keyOf(name: string, range: Range): string {
  return range.kind === 'relative' ? name : `${name} of the past`;
}

/** Asked every second until there is data: then the map takes over. */
export function useStatus() {
  return useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => get<Status>('/api/status', {}, signal),
    refetchInterval: (query) => (query.state.data?.hasData ? false : FIRST_RUN_MS),
    placeholderData: keepPreviousData,
  });
}

export function useGraph(range: Range) {
  const group = useGroup();
  return useQuery({
    queryKey: [keyOf('graph', range), range.text, group],
    queryFn: ({ signal }) => get<Graph>('/api/graph', { ...boundsOf(range, serverNow()), group }, signal),
    placeholderData: keepPreviousData,
  });
}

export interface TraceQuestion {
  range: Range;
  filter: string;
  by: string;
}

/** Not refetched by pulses: rows never move under the pointer. `frozenAt` fixes the window of a relative range. */
export function useTraces({ range, filter, by }: TraceQuestion, frozenAt: number) {
  const group = useGroup();
  return useInfiniteQuery({
    queryKey: ['traces', range.text, filter, by, group, frozenAt],
    queryFn: ({ pageParam, signal }) =>
      get<TraceList>(
        '/api/traces',
        { ...boundsOf(range, frozenAt), filter, by, group, limit: PAGE_ROWS, cursor: pageParam },
        signal,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** How many traces match by now; it drives the "n new" pill. */
export function useMatched({ range, filter, by }: TraceQuestion, enabled: boolean) {
  const group = useGroup();
  return useQuery({
    queryKey: ['matched', range.text, filter, by, group],
    queryFn: ({ signal }) =>
      get<TraceList>('/api/traces', { ...boundsOf(range, serverNow()), filter, by, group, limit: 1 }, signal),
    enabled,
    refetchInterval: MATCHED_MS,
  });
}

export function useTrace(id: string) {
  return useQuery({
    queryKey: ['trace', id],
    queryFn: ({ signal }) => get<TraceDetail>(`/api/traces/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: ({ state: { data } }) => (data && serverNow() - data.summary.start > YOUNG_MS ? false : YOUNG_TRACE_MS),
    placeholderData: (previous) => (previous?.summary.id === id ? previous : undefined),
  });
}

export function useSpan(trace: string, span: string | undefined) {
  return useQuery({
    queryKey: ['span', trace, span],
    queryFn: ({ signal }) =>
      get<SpanDetail>(`/api/traces/${encodeURIComponent(trace)}/spans/${encodeURIComponent(span ?? '')}`, {}, signal),
    enabled: span !== undefined,
    placeholderData: keepPreviousData,
  });
}

export function useFilterParse(expression: string) {
  return useQuery({
    queryKey: ['parse', expression],
    queryFn: ({ signal }) => post<FilterParse>('/api/filter/parse', { expression }, signal),
    enabled: expression.trim() !== '',
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
}
