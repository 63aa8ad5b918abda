// The facts of an issue: its exceptions, how often it was so, whom it reaches and what came before it.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { NowEntry } from '../api/generated/NowEntry';
import { linkTo } from '../location/address';
import { spokenName } from '../map/display-name';
import { count, duration, instant, plural, shareOf } from '../quantity';
import { lasted, ordinal } from './sentence';

/** Names after the first are those by which other languages tell of the same. */
export function Exceptions({ entry }: { entry: NowEntry }) {
  const [first, ...others] = entry.exceptions;
  if (first === undefined) return null;
  return (
    <>
      {first.name && <p className="issue-exception">{first.name}</p>}
      {first.message && <p className="issue-message">{first.message}</p>}
      {others.length > 0 && (
        <p className="issue-message" title={others.map((other) => other.name ?? 'without an exception').join('\n')}>
          {plural(others.length, 'other name', 'other names')} for it
        </p>
      )}
    </>
  );
}

const SPARK = { width: 120, height: 18 };

export function Episodes({ entry: { episode } }: { entry: NowEntry }) {
  const most = Math.max(...episode.sparks, 0);
  const step = SPARK.width / Math.max(1, episode.sparks.length);
  return (
    <>
      {episode.number > 1 && (
        <div>
          <dt>Again</dt>
          <dd title={episode.all.map((span) => `${instant(span.since)}${span.until == null ? '' : ` to ${instant(span.until)}`}: ${count(span.failing)} failing`).join('\n')}>
            {ordinal(episode.number)} time in this range
            {typicalLength(episode.all) !== undefined && <span className="muted">, {lasted(typicalLength(episode.all)!)} each</span>}
          </dd>
        </div>
      )}
      {most > 0 && episode.sparks.length > 1 && (
        <div>
          <dt>Course</dt>
          <dd>
            <svg width={SPARK.width} height={SPARK.height} role="img" aria-label={`Failing requests over the time: ${episode.sparks.join(', ')}`}>
              {episode.sparks.map((value, index) => {
                const height = value === 0 ? 0 : Math.max(1.5, (value / most) * SPARK.height);
                return <rect key={index} className="issue-spark" x={index * step} width={Math.max(1, step - 1)} y={SPARK.height - height} height={height} />;
              })}
            </svg>
          </dd>
        </div>
      )}
    </>
  );
}

/** The median of those that are over. */
function typicalLength(all: NowEntry['episode']['all']): number | undefined {
  const lengths = all.flatMap(({ since, until }) => (until == null ? [] : [until - since])).sort((a, b) => a - b);
  return lengths[Math.floor(lengths.length / 2)];
}

/** Every number is of the time since it began. */
export function Reach({ entry }: { entry: NowEntry }) {
  return (
    <>
      {entry.slow ? (
        <Row name="Time">
          {duration(entry.slow.usualP50)} usually, <strong>{duration(entry.slow.p50)}</strong> now
        </Row>
      ) : (
        <Row name={entry.what === 'silent' ? 'Missing' : 'Failing'}>
          {entry.what === 'failing' && entry.filter ? (
            <Link className="text-link" href={linkTo('/traces', { filter: entry.filter })}>
              {count(entry.failing)} of {plural(entry.requests, 'request')}
            </Link>
          ) : (
            `${count(entry.failing)} of ${plural(entry.requests + (entry.what === 'silent' ? entry.failing : 0), 'request')}`
          )}{' '}
          <span className="muted">{shareOf(entry.failing, entry.what === 'silent' ? entry.requests + entry.failing : entry.requests)}</span>
        </Row>
      )}
      {entry.what === 'failing' && entry.allRequests > 0 && (entry.clients !== entry.failing || entry.allRequests !== entry.requests) && (
        <Row name="Clients">
          {entry.clients === 0 ? 'none saw it' : `${count(entry.clients)} of ${plural(entry.allRequests, 'request')}`}{' '}
          {entry.clients > 0 && <span className="muted">{shareOf(entry.clients, entry.allRequests)}</span>}
        </Row>
      )}
      {entry.users > 0 && <Row name="Hit">{plural(entry.users, 'user')}</Row>}
      {entry.operation && <Row name={entry.what === 'slow' ? 'Asked' : 'Entry'} isCode>{entry.operation}</Row>}
      {entry.host && <Row name="Host" isCode>{entry.host}</Row>}
      {entry.witness && <Row name="Seen by">{spokenName(entry.witness)}</Row>}
      {entry.affectedNames.length > 0 && (
        <Row name="Spread">
          <span title={entry.affectedNames.map(spokenName).join(', ')}>
            {entry.affectedNames.slice(0, 3).map(spokenName).join(', ')}
            {entry.affectedNames.length > 3 && ` and ${entry.affectedNames.length - 3} more`} {entry.what === 'failing' ? (entry.affectedNames.length === 1 ? 'fails' : 'fail') : entry.affectedNames.length === 1 ? 'waits' : 'wait'} because of it
          </span>
        </Row>
      )}
      {entry.beganWith && (
        <Row name="Began">
          with{' '}
          <strong>
            {spokenName(entry.beganWith.name)} {entry.beganWith.version}
          </strong>
          <span className="muted">, first seen {instant(entry.beganWith.at)}</span>
        </Row>
      )}
    </>
  );
}

function Row({ name, isCode = false, children }: { name: string; isCode?: boolean; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isCode ? 'mono' : undefined}>{children}</dd>
    </div>
  );
}
