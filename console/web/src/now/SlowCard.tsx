// One slowdown as a card: how slow against its own past, since when, how many requests, and who waits.
import Button from '@cloudscape-design/components/button';
import { Link } from 'wouter';
import type { Slowdown } from '../api/generated/Slowdown';
import { Copy } from '../ui/Copy';
import { linkTo } from '../location/address';
import { spokenName } from '../map/display-name';
import { count, duration, instant, plural, shareOf } from '../quantity';
import type { RailActions } from './IssueCard';
import { isMoved } from './pointer';
import { slowSentence } from './sentence';

interface SlowProps extends RailActions {
  slow: Slowdown;
  isSelected: boolean;
}

export function SlowCard({ slow, isSelected, onHover, onSelect }: SlowProps) {
  const path = { nodeId: slow.nodeId, affected: slow.affected, isFault: false };
  const name = spokenName(slow.name);
  return (
    <article
      className={`issue is-slow${isSelected ? ' is-selected' : ''}`}
      onMouseMove={() => isMoved() && onHover(path)}
      onMouseLeave={() => onHover(undefined)}
      onFocus={() => onHover(path)}
      onBlur={() => onHover(undefined)}
    >
      <button type="button" className="issue-title" aria-pressed={isSelected} onClick={() => onSelect(slow.nodeId)}>
        <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
          <path d="M-6 0A6 6 0 1 1 6 0 6 6 0 1 1-6 0M0-3.5V0L2.5 2" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
        </svg>
        <span>
          <strong title={slow.name}>{name}</strong> is slow
        </span>
      </button>
      <span className="issue-copy">
          <Copy text={slowSentence(slow)} what="the slowdown as a sentence" />
      </span>
      <dl className="issue-facts">
        <div>
          <dt>p99</dt>
          <dd>
            {duration(slow.usualP99)} → <strong>{duration(slow.p99)}</strong>
          </dd>
        </div>
        <div>
          <dt>Since</dt>
          <dd>{instant(slow.since)}</dd>
        </div>
        <div>
          <dt>Slow</dt>
          <dd>
            <Link className="text-link" href={linkTo('/traces', { filter: slow.filter })}>
              {count(slow.slow)} of {count(slow.total)} requests
            </Link>{' '}
            <span className="muted">{shareOf(slow.slow, slow.total)}</span>
          </dd>
        </div>
        {slow.affected.length > 0 && (
          <div>
            <dt>Spread</dt>
            <dd>{plural(slow.affected.length, 'service waits', 'services wait')} for it</dd>
          </div>
        )}
      </dl>
      <div className="issue-actions">
        <Button onClick={() => onSelect(slow.nodeId, 'latency')} ariaLabel={`Response times of ${name}`}>
          Latency
        </Button>
      </div>
    </article>
  );
}
