// One issue, as a link carries it: what the rail says of it, with the stack, whom it hits, and a good twin of a failing trace.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { NowEntry } from '../api/generated/NowEntry';
import { useNow, useSpan, useTrace } from '../api/queries';
import { linkTo, traceLink, useRange } from '../location/address';
import { spokenName } from '../map/display-name';
import { Episodes, Exceptions as Names, Reach } from '../now/IssueFacts';
import { lasted } from '../now/sentence';
import { duration, instant } from '../quantity';
import { serviceLink } from '../service/link';
import { Exceptions } from '../trace/Exceptions';
import { nearest } from '../trace/nearest';
import { Blank } from '../ui/Blank';
import { Copy } from '../ui/Copy';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { Concerned } from './Concerned';
import { culprit } from './issue';
import { SaveCapsule } from './SaveCapsule';
import '../now/issue.css';
import '../trace/span.css';
import './issue-page.css';

export default function IssuePage({ id }: { id: string }) {
  useTitle('Issue');
  const range = useRange();
  const now = useNow(range);
  if (now.error && !now.data) return <Failure error={now.error} retry={() => void now.refetch()} />;
  if (!now.data) return <Loading label="Asking what is broken" />;
  const entry = now.data.entries.find((one) => one.id === id);
  if (entry === undefined) {
    return (
      <div className="page">
        <Blank title="This issue is not in this time" actions={<Link className="text-link" href={linkTo('/insights')}>What was wrong before stands in the insights</Link>}>
          It began and ended outside of the chosen range, or it was taken back when more was known. Choose a range that holds it, above.
        </Blank>
      </div>
    );
  }
  return <Issue entry={entry} at={now.data.at} />;
}

function Issue({ entry, at }: { entry: NowEntry; at: number }) {
  const isOver = entry.until != null;
  return (
    <div className="page issue-page">
      <PageHead
        title={entry.sentence}
        actions={
          <>
            <Copy text={window.location.href} what="link to this issue" />
            <Link className="text-link" href={linkTo('/', { sel: entry.nodeId, tab: 'why' })}>
              On the map
            </Link>
            <Link className="text-link" href={serviceLink({ name: entry.node, type: entry.type })}>
              {culprit(entry)}
            </Link>
            {entry.filter && (
              <>
                <Link className="text-link" href={linkTo('/traces', { filter: entry.filter })}>
                  Its traces
                </Link>
                <Link className="text-link" href={linkTo('/analytics', { a: entry.filter, view: 'tree' })}>
                  Call tree
                </Link>
              </>
            )}
            <SaveCapsule id={entry.id} />
          </>
        }
      >
        {isOver ? `${instant(entry.since)} to ${instant(entry.until!)}, ${lasted(entry.until! - entry.since)}` : `Since ${instant(entry.since)}, ${lasted(at - entry.since)}, and it goes on`}
      </PageHead>
      <Names entry={entry} />
      <dl className="issue-facts">
        <Episodes entry={entry} />
        <Reach entry={entry} />
      </dl>
      {entry.example && <Example id={entry.example} />}
      {entry.filter && entry.what === 'failing' && <Concerned entry={entry} />}
      {entry.affectedNames.length > 0 && (
        <section aria-label="Spread">
          <h2>{entry.what === 'failing' ? 'They fail because of it' : 'They wait because of it'}</h2>
          <ul className="issue-affected">
            {entry.affected.map((node, index) => (
              <li key={node}>
                <Link className="text-link" href={linkTo('/', { sel: node, tab: 'why' })}>
                  {spokenName(entry.affectedNames[index] ?? node)}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

/** A trace that shows it, with what was raised in it, and the nearest of its kind that went well. */
function Example({ id }: { id: string }) {
  const trace = useTrace(id);
  const span = useSpan(id, trace.data?.focus ?? undefined);
  const summary = trace.data?.summary;
  const twin = useQuery({
    queryKey: ['twin', id],
    queryFn: ({ signal }) => nearest(summary!, true, signal),
    enabled: summary !== undefined && summary.outcome !== 'ok',
    staleTime: Infinity,
  });
  const good = twin.data?.[0];
  const where = [summary?.method, summary?.url ?? summary?.entryPoint].filter(Boolean).join(' ');
  return (
    <section aria-label="Example">
      <h2>A trace that shows it</h2>
      {trace.error && <Failure error={trace.error} retry={() => void trace.refetch()} />}
      {summary && (
        <ul className="issue-twins">
          <li>
            <Link className="text-link" href={traceLink(id)}>
              The newest
            </Link>{' '}
            <span className="mono wraps">{where}</span> {summary.status ?? ''} {duration(summary.responseTime ?? summary.duration)}
          </li>
          {good && (
            <li>
              <Link className="text-link" href={traceLink(id, { with: good.id })}>
                Beside its nearest good twin
              </Link>
              , {duration(good.responseTime ?? good.duration)}, at {instant(good.start)}
            </li>
          )}
        </ul>
      )}
      {span.data && span.data.exceptions.length > 0 && <Exceptions detail={span.data} />}
    </section>
  );
}
