// When an issue counts as going on, and since when there is none.
import type { Graph } from '../api/generated/Graph';
import type { History } from '../api/generated/History';
import type { Issue } from '../api/generated/Issue';
import type { Slowdown } from '../api/generated/Slowdown';
import { spokenName } from '../map/display-name';

/** Without a failure for so long, an issue is told in the past. */
const QUIET_MS = 60_000;

export function isActive(issue: Issue, now: number): boolean {
  return now - issue.lastSeen <= QUIET_MS;
}

export function activeIssues({ issues, now, to }: Pick<Graph, 'issues' | 'now' | 'to'>): Issue[] {
  // Of a range in the past, its end is what "now" is.
  return issues.filter((issue) => isActive(issue, Math.min(now, to)));
}

/** People know a host that stopped answering by the name of its service. */
export function culprit(issue: Issue): string {
  return issue.service ?? spokenName(issue.name);
}

/** Without those that are slow because they wait for what fails: their timeouts are told with the failure. */
export function slowIssues(history: History | undefined, active: readonly Issue[]): Slowdown[] {
  const told = new Set(active.flatMap((issue) => [issue.nodeId, ...issue.affected]));
  return (history?.slowdowns ?? []).filter((slow) => !told.has(slow.nodeId));
}
