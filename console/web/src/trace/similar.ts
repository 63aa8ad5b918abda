// The filter expression that finds traces in which the same happened as in a span.
import type { Span } from '../api/generated/Span';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { and, quoted, selector } from '../filter/expression';

export function similarTo({ summary }: TraceDetail, span: Span, twin?: Span): string {
  const inside = span.outcome === 'ok' ? '' : ` { ${span.outcome} }`;
  // Of a call the callee is what failed or was slow.
  const of = twin ?? span;
  const type = of.kind === 'subsegment' ? undefined : of.type;
  const service = `service(${selector(of.service, type)})${inside}`;
  const exception = span.outcome === 'fault' && (span.exceptions ?? 0) > 0 && summary.exception != null ? `rootcause.fault.exception { name = ${quoted(summary.exception)} }` : undefined;
  return exception ?? and(service, summary.method == null ? undefined : `http.method = ${quoted(summary.method)}`);
}
