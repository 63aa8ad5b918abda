// The trace as the server answered it, and the documents as they were sent.
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { SpanDetail } from '../api/generated/SpanDetail';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { Copy } from '../app/Copy';
import { plural } from '../quantity';

const MOST_DOCUMENTS = 40;

export function RawView({ trace }: { trace: TraceDetail }) {
  const segments = trace.spans.filter((span) => span.kind === 'segment').slice(0, MOST_DOCUMENTS);
  const documents = useQuery({
    queryKey: ['documents', trace.summary.id, segments.length],
    queryFn: ({ signal }) =>
      Promise.all(
        segments.map((span) => get<SpanDetail>(`/api/traces/${encodeURIComponent(trace.summary.id)}/spans/${encodeURIComponent(span.id)}`, {}, signal)),
      ),
  });
  const shown = documents.data?.map((detail) => detail.document);
  const text = JSON.stringify({ summary: trace.summary, segments: shown ?? [], spans: trace.spans }, null, 2);
  return (
    <section className="raw" aria-label="Raw JSON">
      <header>
        <h2>Raw JSON</h2>
        <span className="muted">{plural(text.length, 'character')}</span>
        <Copy text={text} what="JSON" label="Copy" />
      </header>
      <pre tabIndex={0}>{text}</pre>
    </section>
  );
}
