// The trace as JSON: as `BatchGetTraces` gives it, or each document as its bytes came.
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { SentDocument } from '../api/generated/SentDocument';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { Copy } from '../ui/Copy';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { useAddress } from '../location/address';
import { count, exactInstant, plural } from '../quantity';
import { download } from '../ui/download';
import './span.css';

/** A browser lays out so many characters at once without a pause. */
const MOST_SHOWN = 300_000;

export function RawView({ trace }: { trace: TraceDetail }) {
  const { params, change } = useAddress();
  const isAsSent = params.get('raw') === 'sent';
  const { id } = trace.summary;
  const path = `/api/traces/${encodeURIComponent(id)}/${isAsSent ? 'documents' : 'raw'}`;
  const answer = useQuery({ queryKey: ['raw', path, trace.spans.length], queryFn: ({ signal }) => get<unknown>(path, {}, signal) });
  const text = answer.data === undefined ? '' : isAsSent ? asSent(answer.data as SentDocument[]) : JSON.stringify(answer.data, null, 2);
  return (
    <section className="raw" aria-label="Raw JSON">
      <header>
        <h2>Raw JSON</h2>
        <div className="raw-forms" role="group" aria-label="Form">
          <button type="button" aria-pressed={!isAsSent} onClick={() => change({ raw: undefined })}>
            BatchGetTraces
          </button>
          <button type="button" aria-pressed={isAsSent} onClick={() => change({ raw: 'sent' })}>
            As received
          </button>
        </div>
        <span className="muted">{plural(text.length, 'character')}</span>
        <Copy text={text} what="JSON" label="Copy" />
        <button type="button" className="tool-button" onClick={() => download(`${id}.json`, text)}>
          Download
        </button>
      </header>
      {answer.error && <Failure error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data === undefined && !answer.error && <Loading label="Fetching the documents" />}
      {answer.data !== undefined && <pre tabIndex={0}>{text.slice(0, MOST_SHOWN)}</pre>}
      {text.length > MOST_SHOWN && <p className="muted">{count(text.length - MOST_SHOWN)} characters more: download or copy to see all.</p>}
    </section>
  );
}

/** Each below the time of its receipt, which no document says; the bytes are left as they were. */
function asSent(documents: SentDocument[]): string {
  return documents.map(({ received, document }) => `// received ${exactInstant(received)}\n${document}`).join('\n\n');
}
