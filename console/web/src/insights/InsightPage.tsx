// One insight, as a message links to it: what went wrong from when to when, its course, what it reached, and what was noted.
import Button from '@cloudscape-design/components/button';
import Textarea from '@cloudscape-design/components/textarea';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { ApiError, get, post } from '../api/client';
import type { InsightDetail } from '../api/generated/InsightDetail';
import type { InsightEntry } from '../api/generated/InsightEntry';
import type { InsightNoteRequest } from '../api/generated/InsightNoteRequest';
import { useSession } from '../api/useSession';
import { absolute } from '../location/range';
import { linkTo, traceLink } from '../location/address';
import { spokenName } from '../map/display-name';
import { count, duration, instant, plural, shareOf } from '../quantity';
import { serviceLink } from '../service/link';
import { Blank } from '../ui/Blank';
import { Copy } from '../ui/Copy';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { SaveCapsule } from '../issue/SaveCapsule';
import { Timeline } from './Timeline';
import './insight.css';

const AGAIN_MS = 5_000;
/** Before and after it, on the map. */
const MARGIN_MS = 5 * 60_000;

const STEP: Record<string, string> = {
  opened: 'Began', 'root-changed': 'Another root', 'node-joined': 'Spread', 'impact-grew': 'Grew', closed: 'Over', reopened: 'Came back', 'became-usual': 'Became usual',
};

export default function InsightPage({ id }: { id: string }) {
  useTitle('Insight');
  const answer = useQuery({
    queryKey: ['insight', id],
    queryFn: ({ signal }) => get<InsightDetail>(`/api/insights/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: (query) => (query.state.data?.insight.isActive === false ? false : AGAIN_MS),
  });
  if (answer.error instanceof ApiError && answer.error.status === 404) {
    return (
      <div className="page">
        <Blank title="There is no such insight">Insights are kept for 30 days; this one is older, or it was another server that told of it.</Blank>
      </div>
    );
  }
  if (answer.error && !answer.data) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Loading label="Asking for the insight" />;
  return <Insight detail={answer.data} />;
}

function Insight({ detail: { insight, events, earlier, now } }: { detail: InsightDetail }) {
  const until = insight.until ?? now;
  const around = absolute(insight.since - MARGIN_MS, until + MARGIN_MS).text;
  return (
    <div className="page insight-page">
      <PageHead
        title={insight.summary}
        actions={
          <>
            <Copy text={window.location.href} what="link to this insight" />
            <Link className="text-link" href={linkTo('/', { range: around, sel: insight.nodeId, tab: 'why' })}>
              The map of that time
            </Link>
            <Link className="text-link" href={serviceLink({ name: insight.node, type: insight.type }, { range: around })}>
              {spokenName(insight.node)}
            </Link>
            <SaveCapsule id={insight.id} />
            {insight.example && (
              <Link className="text-link" href={traceLink(insight.example)}>
                Example trace
              </Link>
            )}
          </>
        }
      >
        <span className={insight.isActive ? 'status-word outcome-text-fault' : 'status-word'}>{insight.isActive ? '● active' : '○ over'}</span>{' '}
        {instant(insight.since)}
        {insight.until != null && ` to ${instant(insight.until)}`}, {duration(Math.round((until - insight.since) / 1000) * 1000)}
        {insight.reopened > 0 && `, came back ${plural(insight.reopened, 'time')}`}
      </PageHead>
      <Facts insight={insight} />
      {earlier && (
        <p className="insight-earlier">
          The same as at {instant(earlier.since)}:{' '}
          <Link className="text-link" href={linkTo(`/insights/${encodeURIComponent(earlier.id)}`)}>
            {earlier.summary}
          </Link>
          {earlier.note?.text && <> Noted then: “{earlier.note.text}”</>}
        </p>
      )}
      <Timeline insight={insight} events={events} steps={STEP} now={now} />
      <section aria-label="Course">
        <h2>Course</h2>
        <ol className="insight-events">
          {events.map((event, place) => (
            <li key={place}>
              <span className="mono nowrap">{instant(event.at)}</span> <strong>{STEP[event.kind] ?? event.kind}</strong> {event.summary}
            </li>
          ))}
        </ol>
      </section>
      <Note key={insight.note?.at ?? 0} insight={insight} />
    </div>
  );
}

function Facts({ insight }: { insight: InsightEntry }) {
  const { exception, origin, clients, version } = insight;
  const impact = ({ failing, total }: InsightEntry['origin']) => `${count(failing)} of ${plural(total, 'request')} (${shareOf(failing, total)})`;
  const facts: [string, string | undefined][] = [
    ['Exception', exception?.name ? [exception.name, exception.message].filter(Boolean).join(': ') : undefined],
    ['At the root', impact(origin)],
    ['Clients', clients.total > 0 ? impact(clients) : undefined],
    ['Users', insight.users > 0 ? count(insight.users) : undefined],
    ['Entry', insight.operation ?? undefined],
    ['Began with', version ? `${spokenName(version.node)} ${version.version}` : undefined],
    ['Reached', insight.nodes.map(({ name }) => spokenName(name)).join(', ')],
    ['Group', insight.group],
  ];
  return (
    <dl className="insight-facts">
      {facts.map(([name, value]) =>
        value ? (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="wraps">{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

/** What somebody writes down for the next time, and that they look after it. */
function Note({ insight: { id, note } }: { insight: InsightEntry }) {
  const [text, setText] = useState(note?.text ?? '');
  const queries = useQueryClient();
  const mayChange = useSession()?.mayChange ?? true;
  const save = useMutation({
    mutationFn: (request: InsightNoteRequest) => post(`/api/insights/${encodeURIComponent(id)}/note`, request),
    onSettled: () => queries.invalidateQueries({ queryKey: ['insight', id] }),
  });
  return (
    <section aria-label="Note">
      <h2>Note</h2>
      {note && (
        <p className="muted">
          {note.isAcknowledged ? `${note.by || 'Somebody'} looks after it` : `By ${note.by || 'somebody'}`}, {instant(note.at)}
        </p>
      )}
      {save.error && <Failure error={save.error} retry={save.reset} />}
      <Textarea value={text} rows={3} ariaLabel="What it was, for the next time" disabled={!mayChange} placeholder="What it was, and what helped" onChange={({ detail }) => setText(detail.value)} />
      <div className="why-actions">
        <Button disabled={!mayChange} loading={save.isPending} onClick={() => save.mutate({ text, isAcknowledged: note?.isAcknowledged ?? false })}>
          Save the note
        </Button>
        <Button disabled={!mayChange || note?.isAcknowledged === true} onClick={() => save.mutate({ text, isAcknowledged: true })}>
          I look after it
        </Button>
      </div>
    </section>
  );
}
