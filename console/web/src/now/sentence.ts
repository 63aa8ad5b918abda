// Issues as sentences that can be read aloud and pasted into a chat.
import type { Issue } from '../api/generated/Issue';
import type { Slowdown } from '../api/generated/Slowdown';
import { spokenName } from '../map/display-name';
import { count, duration, instant, plural, shareOf } from '../quantity';
import { culprit, isActive } from '../issue/issue';

/** `SpringBoot2 is failing with UnknownHostException since 14:02:20 (18 min): 412 of 3,100 requests (13 %), 37 users, ...`. */
export function issueSentence(issue: Issue, now: number): string {
  const active = isActive(issue, now);
  const cause = issue.exceptionName ? ` with ${issue.exceptionName}${issue.exceptionMessage ? ` (${issue.exceptionMessage})` : ''}` : '';
  const when = active
    ? `since ${instant(issue.firstSeen)} (${lasted(now - issue.firstSeen)})`
    : `from ${instant(issue.firstSeen)} to ${instant(issue.lastSeen)}`;
  const facts = [
    `${count(issue.failing)} of ${plural(issue.total, 'request')} (${shareOf(issue.failing, issue.total)})`,
    issue.users > 0 ? plural(issue.users, 'user') : '',
    issue.entry ? `mostly ${issue.entry}` : '',
    issue.affected.length > 0 ? `${plural(issue.affected.length, 'other service fails', 'other services fail')} because of it` : '',
    issue.beganWith ? `began with ${spokenName(issue.beganWith.name)} ${issue.beganWith.version}` : '',
  ].filter(Boolean);
  return `${culprit(issue)} ${active ? 'is' : 'was'} failing${cause} ${when}: ${facts.join(', ')}.`;
}

/** `search is slow since 13:51: p99 0.4 s before, 2.1 s now, 8 % of 1,204 requests.` */
export function slowSentence(slow: Slowdown): string {
  const waiting = slow.affected.length > 0 ? ` ${plural(slow.affected.length, 'other service waits', 'other services wait')} for it.` : '';
  return `${spokenName(slow.name)} is slow since ${instant(slow.since)}: p99 ${duration(slow.usualP99)} before, ${duration(slow.p99)} now, ${shareOf(slow.slow, slow.total)} of ${plural(slow.total, 'request')}.${waiting}`;
}

export function lasted(ms: number): string {
  return duration(Math.max(1000, Math.round(ms / 1000) * 1000));
}
