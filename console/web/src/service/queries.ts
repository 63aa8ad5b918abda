// What one service does, as the server adds it up from traces.
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { ExceptionList } from '../api/generated/ExceptionList';
import type { ServiceWork } from '../api/generated/ServiceWork';
import { serverNow } from '../api/live';
import { boundsOf, type Range } from '../location/range';
import type { NodeKey } from '../node/queries';

/** Many traces are looked at for each answer, so a pulse alone does not ask again. */
const AGAIN_MS = 10_000;

export function useServiceWork(range: Range, key: NodeKey, group?: string) {
  return useQuery({
    queryKey: ['service', range.text, group, key.name, key.type, key.account],
    queryFn: ({ signal }) => get<ServiceWork>('/api/service', { ...boundsOf(range, serverNow()), ...key, group }, signal),
    refetchInterval: range.kind === 'relative' ? AGAIN_MS : false,
    placeholderData: (previous) => previous,
  });
}

export function useExceptions(range: Range, group?: string) {
  return useQuery({
    queryKey: ['exceptions', range.text, group],
    queryFn: ({ signal }) => get<ExceptionList>('/api/exceptions', { ...boundsOf(range, serverNow()), group }, signal),
    refetchInterval: range.kind === 'relative' ? AGAIN_MS : false,
    placeholderData: (previous) => previous,
  });
}
