// What the sampling page asks and changes.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get, post } from '../api/client';
import type { RuleFields } from '../api/generated/RuleFields';
import type { SamplingRules } from '../api/generated/SamplingRules';
import type { SamplingTry } from '../api/generated/SamplingTry';
import type { SamplingVerdict } from '../api/generated/SamplingVerdict';
import { callOperation, useChange } from '../api/operation';
import { createInput, updateInput } from './rule';

/** SDKs report every ten seconds. */
const REPORTS_MS = 5000;
const STALE = ['sampling'];

export function useSamplingRules() {
  return useQuery({
    queryKey: ['sampling'],
    queryFn: ({ signal }) => get<SamplingRules>('/api/sampling', {}, signal),
    refetchInterval: REPORTS_MS,
    placeholderData: keepPreviousData,
  });
}

export function useVerdict(request: SamplingTry) {
  return useQuery({
    queryKey: ['sampling', 'try', request],
    queryFn: ({ signal }) => post<SamplingVerdict>('/api/sampling/try', request, signal),
    refetchInterval: REPORTS_MS,
    placeholderData: keepPreviousData,
  });
}

export interface RuleChange {
  rule: RuleFields;
  isNew: boolean;
}

export function useSaveRule() {
  return useChange<RuleChange>(
    ({ rule, isNew }) => (isNew ? callOperation('CreateSamplingRule', createInput(rule)) : callOperation('UpdateSamplingRule', updateInput(rule))),
    STALE,
  );
}

export function useDeleteRule() {
  return useChange<string>((RuleName) => callOperation('DeleteSamplingRule', { RuleName }), STALE);
}

/** One after the other, so that a failure leaves the rest as it was. */
export function useReprice() {
  return useChange<RuleFields[]>(async (rules) => {
    for (const rule of rules) await callOperation('UpdateSamplingRule', updateInput(rule));
  }, STALE);
}
