// When an issue counts as going on, and since when there is none.
import type { Graph } from '../api/generated/Graph';
import type { Issue } from '../api/generated/Issue';
import { spokenName } from '../map/display-name';

/** Without a failure for so long, an issue is told in the past. */
const QUIET_MS = 60_000;

export function isActive(issue: Issue, now: number): boolean {
  return now - issue.lastSeen <= QUIET_MS;
}

export function activeIssues({ issues, now, to }: Graph): Issue[] {
  // Of a range in the past, its end is what "now" is.
  return issues.filter((issue) => isActive(issue, Math.min(now, to)));
}

/** People know a host that stopped answering by the name of its service. */
export function culprit(issue: Issue): string {
  return issue.service ?? spokenName(issue.name);
}
