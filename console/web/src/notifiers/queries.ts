// What the notifiers' pages ask and change.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { get, post, put, remove } from '../api/client';
import type { DeliveryList } from '../api/generated/DeliveryList';
import type { NotifierEntry } from '../api/generated/NotifierEntry';
import type { NotifierList } from '../api/generated/NotifierList';
import type { NotifierTest } from '../api/generated/NotifierTest';

/** Messages go out by themselves, so what became of them changes by itself. */
const AGAIN_MS = 3_000;

/** With the members of its kind, which differ. */
export type Notifier = NotifierEntry & Record<string, unknown>;

export function useNotifiers() {
  return useQuery({
    queryKey: ['notifiers'],
    queryFn: ({ signal }) => get<NotifierList>('/api/notifiers', {}, signal),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
    select: ({ notifiers }) => notifiers as Notifier[],
  });
}

export function useDeliveries(notifier?: string) {
  return useQuery({
    queryKey: ['deliveries', notifier],
    queryFn: ({ signal }) => get<DeliveryList>('/api/deliveries', { notifier }, signal),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  });
}

export interface NotifierChange {
  name: string;
  body: Record<string, unknown>;
  isNew: boolean;
}

function useNotifierChange<T, A = unknown>(change: (change: T) => Promise<A>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: ['notifiers'] }), queries.invalidateQueries({ queryKey: ['deliveries'] })]),
  });
}

export function useSaveNotifier() {
  return useNotifierChange(({ name, body, isNew }: NotifierChange) =>
    isNew ? post('/api/notifiers', { name, ...body }) : put(`/api/notifiers/${encodeURIComponent(name)}`, body),
  );
}

export function useDeleteNotifier() {
  return useNotifierChange((name: string) => remove(`/api/notifiers/${encodeURIComponent(name)}`));
}

export function useTestNotifier() {
  return useNotifierChange((name: string) => post<NotifierTest>(`/api/notifiers/${encodeURIComponent(name)}/test`));
}

export function useRetry() {
  return useNotifierChange((id: string) => post(`/api/deliveries/${encodeURIComponent(id)}/retry`));
}
