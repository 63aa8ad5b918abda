// The filter expression that finds traces in which the same happened as in a span.
import type { Span } from '../api/generated/Span';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { and, quoted, selector } from '../filter/expression';

export function similarTo({ summary }: TraceDetail, span: Span): string {
  const inside = span.outcome === 'ok' ? '' : ` { ${span.outcome} }`;
  const type = span.kind === 'subsegment' ? undefined : span.type;
  const service = `service(${selector(span.service, type)})${inside}`;
  const exception = span.outcome === 'fault' && (span.exceptions ?? 0) > 0 && summary.exception != null ? `rootcause.fault.exception { name = ${quoted(summary.exception)} }` : undefined;
  return exception ?? and(service, summary.method == null ? undefined : `http.method = ${quoted(summary.method)}`);
}
