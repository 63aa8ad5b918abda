// A trace that is not there: what is known of its fate, and where to look further.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { get } from '../api/client';
import type { Status } from '../api/generated/Status';
import { serverNow } from '../api/live';
import { linkTo } from '../location/address';
import { traceIdIn } from '../location/trace-id';
import { ago, exactInstant } from '../quantity';

const FUTURE_MS = 5 * 60_000;
const STATUS_MS = 3000;

export function Unknown({ id }: { id: string }) {
  const known = traceIdIn(id);
  const status = useQuery({
    queryKey: ['fate', id],
    queryFn: ({ signal }) => get<Status>('/api/status', {}, signal),
    refetchInterval: STATUS_MS,
  });
  if (known === undefined) {
    return (
      <div className="empty" role="status">
        <h1>This is no trace id</h1>
        <p>
          <code className="wrap">{id}</code> is neither <code>1-</code>, eight hex digits, <code>-</code>, 24 hex digits, nor 32 hex digits.
        </p>
        <p>
          <Link className="text-link" href={linkTo('/traces')}>
            Look through the list of traces
          </Link>
        </p>
      </div>
    );
  }
  const begun = Number.parseInt(known.slice(2, 10), 16) * 1000;
  const refusals = (status.data?.recentRefusals ?? []).filter((refusal) => names(refusal.detail + refusal.excerpt, known));
  return (
    <div className="empty fate" role="status">
      <h1>This trace is not known</h1>
      <p>
        No segment with the id <code>{known}</code> is stored here.
      </p>
      <ul>
        {refusals.slice(0, 3).map((refusal, index) => (
          <li key={index}>
            <strong>A document of it was refused {ago(refusal.at, serverNow())}:</strong> {refusal.reason}
            {refusal.detail && <span>. {refusal.detail}</span>}
          </li>
        ))}
        <Began begun={begun} newest={status.data?.newestReceived} />
        {refusals.length === 0 && status.data && <li>None of the documents that were refused lately names it.</li>}
        <li>
          Whether it was left out by sampling cannot be known here: a service that does not sample a request sends nothing. The header{' '}
          <code>X-Amzn-Trace-Id</code> of the request says so with <code>Sampled=0</code>.
        </li>
        <li>If it was sent just now, this page shows it as soon as it arrives.</li>
      </ul>
      <p>
        <Link className="text-link" href={linkTo('/doctor', { trace: known })}>
          Let the doctor look for it
        </Link>
      </p>
    </div>
  );
}

function Began({ begun, newest }: { begun: number; newest: number | null | undefined }) {
  const now = serverNow();
  if (begun > now + FUTURE_MS) return <li>Its id says that it began at {exactInstant(begun)}, which lies in the future: check the clock of its sender.</li>;
  return (
    <li>
      Its id says that it began {ago(begun, now)}, at {exactInstant(begun)}. What is older than the retention of this server is deleted.
      {newest != null && newest < begun && ' Nothing at all was received here since then.'}
    </li>
  );
}

function names(text: string, id: string): boolean {
  const lower = text.toLowerCase();
  return lower.includes(id) || lower.includes(id.slice(2).replace('-', ''));
}
