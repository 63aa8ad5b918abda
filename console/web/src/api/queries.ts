// What the pages ask the server, as react-query hooks; the keys' first words are what a pulse makes stale.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useGroup } from '../location/address';
import { isFromFile, spanOfFile, traceOfFile } from '../file/held';
import { boundsOf, type Range } from '../location/range';
import { get, post } from './client';
import type { FilterParse } from './generated/FilterParse';
import type { Graph } from './generated/Graph';
import type { Now } from './generated/Now';
import type { SpanDetail } from './generated/SpanDetail';
import type { Status } from './generated/Status';
import type { TraceDetail } from './generated/TraceDetail';
import { serverNow } from './live';

const FIRST_RUN_MS = 1000;
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

/** What is broken, as of the end of the range: the rail, the tab and the pages tell it alike. */
export function useNow(range: Range) {
  const group = useGroup();
  return useQuery({
    queryKey: [keyOf('now', range), range.text, group],
    queryFn: ({ signal }) => get<Now>('/api/now', { ...boundsOf(range, serverNow()), group }, signal),
    placeholderData: keepPreviousData,
  });
}

export function useTrace(id: string) {
  return useQuery({
    queryKey: ['trace', id, isFromFile(id)],
    queryFn: ({ signal }) => traceOfFile(id) ?? get<TraceDetail>(`/api/traces/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: ({ state: { data } }) => (data && serverNow() - data.summary.start > YOUNG_MS ? false : YOUNG_TRACE_MS),
    placeholderData: (previous) => (previous?.summary.id === id ? previous : undefined),
  });
}

export function useSpan(trace: string, span: string | undefined) {
  return useQuery({
    queryKey: ['span', trace, span, isFromFile(trace)],
    queryFn: ({ signal }) =>
      spanOfFile(trace, span ?? '') ?? get<SpanDetail>(`/api/traces/${encodeURIComponent(trace)}/spans/${encodeURIComponent(span ?? '')}`, {}, signal),
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
