// What the tree of many traces asks the server.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { post } from '../api/client';
import type { MergedTree } from '../api/generated/MergedTree';
import type { TreeQuestion } from '../api/generated/TreeQuestion';
import { useGroup } from '../location/address';
import { boundsOf, type Range } from '../location/range';

/** With what the tree of A is compared: the filter of B, everything that is not in A, or nothing. */
export type Against = { filter: string } | 'rest' | 'nothing';

/** The longest that a server works at one answer. */
export const PATIENT_MS = 20_000;

export function questionOf(range: Range, frozenAt: number, a: string, against: Against, group: string | undefined, isPatient: boolean): TreeQuestion {
  const b = typeof against === 'object' ? against.filter : undefined;
  return { ...boundsOf(range, frozenAt), a, b, rest: against === 'rest' ? true : undefined, group, within: isPatient ? PATIENT_MS : undefined };
}

export function useTree(range: Range, a: string, against: Against, frozenAt: number, isPatient: boolean) {
  const group = useGroup();
  return useQuery({
    queryKey: ['tree', range.text, a, JSON.stringify(against), group, frozenAt, isPatient],
    queryFn: ({ signal }) => post<MergedTree>('/api/tree', questionOf(range, frozenAt, a, against, group, isPatient), signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}
