// Insights as X-Ray's API gives them, of every group that has them enabled.
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { serverNow } from '../api/live';
import { callOperation } from '../api/operation';
import { boundsOf, type Range } from '../location/range';

const AGAIN_MS = 10_000;

interface Statistics {
  FaultCount?: number;
  OkCount?: number;
  TotalCount?: number;
}

/** The members of X-Ray's `InsightSummary` that the list shows. */
export interface InsightSummary {
  InsightId: string;
  GroupName: string;
  State: 'ACTIVE' | 'CLOSED';
  Categories?: string[];
  Summary?: string | null;
  StartTime: number;
  EndTime?: number | null;
  RootCauseServiceId?: { Name?: string; Type?: string } | null;
  ClientRequestImpactStatistics?: Statistics | null;
  RootCauseServiceRequestImpactStatistics?: Statistics | null;
}

export function useInsights(groups: string[], range: Range) {
  return useQueries({
    queries: groups.map((group) => ({
      queryKey: ['insights', group, range.text],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const { from, to } = boundsOf(range, serverNow());
        const input = { GroupName: group, StartTime: from / 1000, EndTime: to / 1000, MaxResults: 100 };
        const answer = await callOperation<{ InsightSummaries: InsightSummary[] }>('GetInsightSummaries', input, signal);
        return answer.InsightSummaries;
      },
      refetchInterval: AGAIN_MS,
      placeholderData: keepPreviousData,
    })),
    combine: (answers) => ({
      insights: answers.flatMap((answer) => answer.data ?? []).sort((one, other) => other.StartTime - one.StartTime),
      isPending: answers.some((answer) => answer.isPending),
      error: answers.find((answer) => answer.error)?.error ?? null,
      refetch: () => Promise.all(answers.map((answer) => answer.refetch())),
    }),
  });
}
