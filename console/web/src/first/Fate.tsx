// What the doctor found of a trace, in words, and what to look at next.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { serverNow } from '../api/live';
import type { Diagnosis } from '../api/generated/Diagnosis';
import type { NearTrace } from '../api/generated/NearTrace';
import type { Status } from '../api/generated/Status';
import { Copy } from '../ui/Copy';
import { linkTo, traceLink } from '../location/address';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { ago, duration, instant, plural } from '../quantity';
import { remedyFor } from './remedy';
import { reachable } from './snippets';
import './doctor.css';
import './first.css';

interface FateProps {
  diagnosis: Diagnosis;
  status?: Status;
  pasted: string;
}

const TITLE: Record<Diagnosis['fate'], string> = {
  found: 'It is here',
  digesting: 'It has arrived, and shows in a moment',
  refused: 'It came, and was refused',
  malformed: 'This is no trace id',
  expired: 'It is older than what is kept',
  unknown: 'Nothing of it has arrived',
};
const MARK: Record<Diagnosis['fate'], string> = { found: 'ok', digesting: 'ok', refused: 'fault', malformed: 'error', expired: 'error', unknown: 'error' };

export function Fate({ diagnosis, status, pasted }: FateProps) {
  const { fate, traceId } = diagnosis;
  return (
    <section className={`fate fate-${MARK[fate]}`} aria-labelledby="fate" role="status">
      <h2 id="fate">{TITLE[fate]}</h2>
      {traceId && (
        <p className="expression">
          <code>{traceId}</code> <Copy text={traceId} what="trace id" />
        </p>
      )}
      <Explanation diagnosis={diagnosis} status={status} />
      {diagnosis.clocks.map(({ node, behind }) => (
        <p key={node}>
          The clock of <strong>{node}</strong> is {duration(Math.abs(behind))} {behind > 0 ? 'behind' : 'ahead'}: what it sent may stand at another time than one looks for it.
        </p>
      ))}
      {diagnosis.refusals.length > 0 && <Refusals diagnosis={diagnosis} />}
      {diagnosis.nearest.length > 0 && <Nearest nearest={diagnosis.nearest} />}
      {pasted.includes('Sampled') === false && fate === 'unknown' && diagnosis.sampled == null && (
        <p className="muted small">With the whole header (Root=…;Sampled=…) the doctor also sees whether it was sampled.</p>
      )}
    </section>
  );
}

function Explanation({ diagnosis, status }: Omit<FateProps, 'pasted'>): ReactNode {
  const { fate, trace, documents, made, keeps } = diagnosis;
  const madeAt = made == null ? undefined : `${instant(made)} (${ago(made, serverNow())})`;
  switch (fate) {
    case 'found':
      return (
        <>
          <p>
            {plural(documents, 'document')} {documents === 1 ? 'has' : 'have'} arrived
            {trace && <>; it began {ago(trace.start, serverNow())} and took {duration(trace.duration)}{trace.isPartial && ', and parts of it are missing'}</>}.
          </p>
          <p>
            <Link className="text-link" href={traceLink(diagnosis.traceId!)}>
              Open trace
            </Link>
          </p>
        </>
      );
    case 'digesting':
      return <p>{plural(documents, 'document')} {documents === 1 ? 'is' : 'are'} durable; searches and the map know of {documents === 1 ? 'it' : 'them'} within a second.</p>;
    case 'refused':
      return <p>None of its documents could be taken. This is what was wrong:</p>;
    case 'malformed':
      return <p>{diagnosis.malformed}</p>;
    case 'expired':
      return (
        <p>
          By its id it was made {madeAt}, and traces are kept for {duration(keeps)}. <Link className="text-link" href={linkTo('/settings', { tab: 'storage' })}>Retention</Link> is set when
          the server starts.
        </p>
      );
    case 'unknown':
      return <Checks diagnosis={diagnosis} status={status} madeAt={madeAt} />;
  }
}

/** In the order in which they are most often the reason. */
function Checks({ diagnosis, status, madeAt }: { diagnosis: Diagnosis; status?: Status; madeAt?: string }) {
  const { sampled, made } = diagnosis;
  const aheadMs = made == null ? 0 : made - serverNow();
  return (
    <>
      <p>
        {sampled === false
          ? 'The header says Sampled=0: the SDK decided not to record this request, so it never sent anything.'
          : 'No document with this id came through any door, as far as this server remembers.'}
      </p>
      <ol className="checks">
        <li>
          <strong>Sampled?</strong>{' '}
          {sampled === false ? (
            <>
              No. <Link className="text-link" href={linkTo('/sampling')}>Try which sampling rule</Link> took the request.
            </>
          ) : sampled === true ? (
            'Yes, by the header.'
          ) : (
            <>
              Not known. A request that was not sampled has an id all the same. <Link className="text-link" href={linkTo('/sampling')}>Sampling rules</Link>
            </>
          )}
        </li>
        <li>
          <strong>Address?</strong> The SDK must send to{' '}
          {status ? <code>AWS_XRAY_DAEMON_ADDRESS={reachable(status.listeners.udp)}</code> : 'this server'}, or to an agent that sends here. In a container, 127.0.0.1 is the container itself.
        </li>
        <li>
          <strong>Anything at all?</strong>{' '}
          {status?.newestReceived == null ? 'This server has never received anything.' : `The newest document came ${ago(status.newestReceived, serverNow())}.`}
        </li>
        <li>
          <strong>Finished?</strong> SDKs send a segment when it ends, or after some subsegments. A request that still runs does not show.
        </li>
        {madeAt && (
          <li>
            <strong>When?</strong> By its id it was made {madeAt}.{' '}
            {aheadMs > 60_000 && <span className="rule-warning">That is {duration(aheadMs)} ahead of this server: a clock is wrong, or this is no id of X-Ray’s form.</span>}
          </li>
        )}
        <li>
          <strong>Refused long ago?</strong> The last few thousand refused ids are remembered, and none after a restart.
        </li>
      </ol>
    </>
  );
}

function Refusals({ diagnosis }: { diagnosis: Diagnosis }) {
  return (
    <>
      {diagnosis.fate !== 'refused' && <h3>Documents of it that were refused</h3>}
      <ul className="refusals">
        {diagnosis.refusals.map((refusal, place) => (
          <li key={`${refusal.at} ${place}`}>
            <p>
              <span className="muted">{instant(refusal.at)}</span> <span className="tag">{refusal.door}</span> <strong>{refusal.reason}</strong> {refusal.detail}
            </p>
            {remedyFor(refusal.reason) && <p className="remedy">{remedyFor(refusal.reason)}</p>}
          </li>
        ))}
      </ul>
    </>
  );
}

function Nearest({ nearest }: { nearest: NearTrace[] }) {
  const isSlip = nearest[0]!.differs <= 4;
  return (
    <>
      <h3>{isSlip ? 'Did you mean' : 'Traces of that time'}</h3>
      <ul className="nearest">
        {nearest.map(({ trace, differs }) => (
          <li key={trace.id}>
            <OutcomeGlyph outcome={trace.outcome} />{' '}
            <Link className="text-link" href={traceLink(trace.id)}>
              <code>{trace.id}</code>
            </Link>{' '}
            <span className="muted">
              {[trace.method, trace.url ?? trace.entryPoint].filter(Boolean).join(' ')}, {isSlip ? `${plural(differs, 'digit')} differ` : instant(trace.start)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
