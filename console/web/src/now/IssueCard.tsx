// One failure as a card: its origin, exception, onset, reach, and what changed before it.
import Button from '@cloudscape-design/components/button';
import { Link } from 'wouter';
import type { Issue } from '../api/generated/Issue';
import { Copy } from '../ui/Copy';
import { go, linkTo, traceLink } from '../location/address';
import { spokenName } from '../map/display-name';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { count, instant, plural, shareOf } from '../quantity';
import { culprit, isActive } from '../issue/issue';
import { isMoved } from './pointer';
import { issueSentence, lasted } from './sentence';

export interface RailActions {
  onHover: (path: HoverPath | undefined) => void;
  /** `tab` of the panel that opens. */
  onSelect: (id: string | undefined, tab?: string) => void;
}

/** What lights up on the map while an issue is pointed at. */
export interface HoverPath {
  nodeId: string;
  affected: string[];
  isFault: boolean;
}

interface CardProps extends RailActions {
  issue: Issue;
  now: number;
  isSelected: boolean;
}

export function IssueCard({ issue, now, isSelected, onHover, onSelect }: CardProps) {
  const isQuiet = !isActive(issue, now);
  const path = { nodeId: issue.nodeId, affected: issue.affected, isFault: true };
  const isUnreachable = issue.role === 'remote' && issue.witness !== issue.name;
  return (
    <article
      className={`issue${isSelected ? ' is-selected' : ''}${isQuiet ? ' is-quiet' : ''}`}
      onMouseMove={() => isMoved() && onHover(path)}
      onMouseLeave={() => onHover(undefined)}
      onFocus={() => onHover(path)}
      onBlur={() => onHover(undefined)}
    >
      <button type="button" className="issue-title" aria-pressed={isSelected} onClick={() => onSelect(issue.nodeId)}>
        <OutcomeGlyph outcome="fault" label={false} />
        <span>
          <strong title={issue.name}>{culprit(issue)}</strong> {isQuiet ? 'was failing' : 'is failing'}
        </span>
      </button>
      {issue.exceptionName && <p className="issue-exception">{issue.exceptionName}</p>}
      {issue.exceptionMessage && <p className="issue-message">{issue.exceptionMessage}</p>}
      <span className="issue-copy">
          <Copy text={issueSentence(issue, now)} what="the issue as a sentence" />
      </span>
      <dl className="issue-facts">
        <div>
          <dt>Since</dt>
          <dd>
            {instant(issue.firstSeen)}{' '}
            <span className="muted">
              {isQuiet ? `to ${instant(issue.lastSeen)}` : `(${lasted(now - issue.firstSeen)})`}
            </span>
          </dd>
        </div>
        <div>
          <dt>Failing</dt>
          <dd>
            <Link className="text-link" href={linkTo('/traces', { filter: issue.filter })}>
              {count(issue.failing)} of {count(issue.total)} requests
            </Link>{' '}
            <span className="muted">{shareOf(issue.failing, issue.total)}</span>
          </dd>
        </div>
        {issue.users > 0 && (
          <div>
            <dt>Hit</dt>
            <dd>{plural(issue.users, 'user')}</dd>
          </div>
        )}
        {issue.entry && (
          <div>
            <dt>Entry</dt>
            <dd className="mono">{issue.entry}</dd>
          </div>
        )}
        {issue.service && (
          <div>
            <dt>Host</dt>
            <dd className="mono">{issue.name}</dd>
          </div>
        )}
        {isUnreachable && (
          <div>
            <dt>Seen by</dt>
            <dd>{issue.witness}</dd>
          </div>
        )}
        {issue.affected.length > 0 && (
          <div>
            <dt>Spread</dt>
            <dd>{plural(issue.affected.length, 'service fails', 'services fail')} because of it</dd>
          </div>
        )}
        {issue.beganWith && (
          <div>
            <dt>Began</dt>
            <dd>
              with{' '}
              <strong>
                {spokenName(issue.beganWith.name)} {issue.beganWith.version}
              </strong>
              <span className="muted">, first seen {instant(issue.beganWith.at)}</span>
            </dd>
          </div>
        )}
      </dl>
      <div className="issue-actions">
        <Button variant="primary" onClick={() => onSelect(issue.nodeId, 'why')} ariaLabel={`Root cause: ${culprit(issue)}`}>
          Root cause
        </Button>
        <Button onClick={() => go(traceLink(issue.example))} ariaLabel={`Example trace of ${culprit(issue)} failing`}>
          Example
        </Button>
      </div>
    </article>
  );
}
