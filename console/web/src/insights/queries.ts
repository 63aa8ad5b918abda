// Insights of every group that has them enabled: what failed, what was slow, and whom no requests reached any more.
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import type { Insights } from '../api/generated/Insights';
import { get } from '../api/client';
import { serverNow } from '../api/live';
import { boundsOf, type Range } from '../location/range';

const AGAIN_MS = 10_000;

export function useInsights(groups: string[], range: Range) {
  return useQueries({
    queries: groups.map((group) => ({
      queryKey: ['insights', group, range.text],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Insights>('/api/insights', { ...boundsOf(range, serverNow()), group }, signal),
      refetchInterval: AGAIN_MS,
      placeholderData: keepPreviousData,
    })),
    combine: (answers) => ({
      insights: answers.flatMap((answer) => answer.data?.insights ?? []).sort((one, other) => other.since - one.since),
      isPending: answers.some((answer) => answer.isPending),
      error: answers.find((answer) => answer.error)?.error ?? null,
      refetch: () => Promise.all(answers.map((answer) => answer.refetch())),
    }),
  });
}
