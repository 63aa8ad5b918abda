// What is broken as a card: whose fault it is, how it shows, since when, whom it hits. Heavy ones are open, others unfold.
import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import { Link } from 'wouter';
import type { NowEntry } from '../api/generated/NowEntry';
import { culprit, happens } from '../issue/issue';
import { go, linkTo, traceLink } from '../location/address';
import { spokenName } from '../map/display-name';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, instant } from '../quantity';
import { Copy } from '../ui/Copy';
import { Episodes, Exceptions, Reach } from './IssueFacts';
import { isMoved } from './pointer';
import { lasted } from './sentence';
import './issue.css';

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
  entry: NowEntry;
  /** The moment of which the rail speaks. */
  at: number;
  isSelected: boolean;
  /** One line until it is pressed. */
  isFolded?: boolean;
}

export function IssueCard({ entry, at, isSelected, isFolded = false, onHover, onSelect }: CardProps) {
  const [isOpen, setOpen] = useState(!isFolded);
  const path = { nodeId: entry.nodeId, affected: entry.affected, isFault: entry.what === 'failing' };
  const isOver = entry.until != null;
  const classes = ['issue', isOver || entry.weight === 'noise' ? 'is-quiet' : entry.weight === 'outage' ? 'is-outage' : 'is-slow', isSelected ? 'is-selected' : '', isOpen ? '' : 'is-line'];
  return (
    <article
      className={classes.filter(Boolean).join(' ')}
      onMouseMove={() => isMoved() && onHover(path)}
      onMouseLeave={() => onHover(undefined)}
      onFocus={() => onHover(path)}
      onBlur={() => onHover(undefined)}
    >
      <button type="button" className="issue-title" aria-pressed={isSelected} onClick={() => onSelect(entry.nodeId)}>
        <Sign entry={entry} />
        <span>
          <Title entry={entry} />
          {!isOpen && <span className="muted"> {isOver ? spoken(entry) : lasted(at - entry.since)}</span>}
        </span>
      </button>
      {isFolded && (
        <button type="button" className="issue-fold" aria-expanded={isOpen} aria-label={`${isOpen ? 'Less' : 'More'} of ${culprit(entry)}`} onClick={() => setOpen(!isOpen)}>
          <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
            <path d={isOpen ? 'M2 8 6 4l4 4' : 'M2 4l4 4 4-4'} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
          </svg>
        </button>
      )}
      {isOpen && (
        <>
          <span className="issue-copy">
            <Copy text={entry.sentence} what="the issue as a sentence" />
          </span>
          <Exceptions entry={entry} />
          <dl className="issue-facts">
            <div>
              <dt>Since</dt>
              <dd>
                {instant(entry.since)} <span className="muted">{isOver ? `to ${instant(entry.until!)} (${lasted(entry.until! - entry.since)})` : `(${lasted(at - entry.since)})`}</span>
              </dd>
            </div>
            <Episodes entry={entry} />
            <Reach entry={entry} />
          </dl>
          <Actions entry={entry} onSelect={onSelect} />
        </>
      )}
    </article>
  );
}

function spoken({ since, until }: NowEntry): string {
  return `${instant(since)} to ${instant(until!)} (${lasted(until! - since)})`;
}

function Title({ entry }: { entry: NowEntry }) {
  const way = entry.slow?.wayFrom && entry.slow.wayTo ? entry.slow : undefined;
  if (way) {
    return (
      <>
        The way from <strong>{spokenName(way.wayFrom!)}</strong> to <strong>{spokenName(way.wayTo!)}</strong> {happens(entry)}
      </>
    );
  }
  return (
    <>
      <strong title={entry.host ?? entry.node}>{culprit(entry)}</strong> {happens(entry)}
    </>
  );
}

function Sign({ entry }: { entry: NowEntry }) {
  if (entry.what === 'failing') return <OutcomeGlyph outcome="fault" label={false} />;
  return (
    <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
      <path d={entry.what === 'slow' ? 'M-6 0A6 6 0 1 1 6 0 6 6 0 1 1-6 0M0-3.5V0L2.5 2' : 'M-6 0H-2M2 0H6'} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
    </svg>
  );
}

function Actions({ entry, onSelect }: { entry: NowEntry; onSelect: RailActions['onSelect'] }) {
  const name = culprit(entry);
  return (
    <div className="issue-actions">
      {entry.what === 'failing' ? (
        <Button variant={entry.weight === 'outage' ? 'primary' : 'normal'} onClick={() => onSelect(entry.nodeId, 'why')} ariaLabel={`Root cause: ${name}`}>
          Root cause
        </Button>
      ) : (
        <Button onClick={() => onSelect(entry.nodeId, 'latency')} ariaLabel={`Response times of ${name}`}>
          Latency
        </Button>
      )}
      {entry.example && (
        <Button onClick={() => go(traceLink(entry.example!))} ariaLabel={`Example trace of ${name}`}>
          Example
        </Button>
      )}
      <Link className="text-link" href={linkTo(`/issues/${encodeURIComponent(entry.id)}`)} aria-label={`Details of ${name}`}>
        Details
      </Link>
      {entry.filter && entry.what === 'slow' && (
        <Link className="text-link" href={linkTo('/traces', { filter: entry.filter })}>
          Traces
        </Link>
      )}
      {entry.slow && <span className="muted small">p90 {duration(entry.slow.usualP90)} → {duration(entry.slow.p90)}</span>}
    </div>
  );
}
