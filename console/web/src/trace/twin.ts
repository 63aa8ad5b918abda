// Calls and their twins: of a callee that sends nothing the trace has a segment that says again what the call says.
// A reader sees one row, that of the call, which bears what the twin knows.
import type { Span } from '../api/generated/Span';
import { spokenName } from '../map/display-name';
import { pathOf } from '../traces/path-of';

/** Whether a span is the inferred segment of a call that is there too. */
export function isTwin(spans: readonly Span[], index: number): boolean {
  const { kind, parent } = spans[index]!;
  return kind === 'inferred' && parent != null && parent < index && spans[parent]!.kind === 'subsegment';
}

/** The twin of each call that has one, by index. */
export function twinsOf(spans: readonly Span[]): ReadonlyMap<number, number> {
  return new Map(spans.flatMap(({ parent }, index) => (isTwin(spans, index) ? [[parent!, index] as const] : [])));
}

/** What is drawn where no index is asked for. */
export function withoutTwins(spans: readonly Span[]): readonly Span[] {
  return spans.filter((_, index) => !isTwin(spans, index));
}

/** What a row says that a span did, and who it is; `what` is empty where nothing tells. */
export interface Told {
  what: string;
  who: string;
}

/** `twin` is that of the call, and knows the resource: a table, a bucket, a queue. */
export function toldOf(span: Span, twin?: Span): Told {
  const request = [span.method, span.url && pathOf(span.url)].filter(Boolean).join(' ');
  if (span.kind !== 'subsegment') return { what: span.operation ?? request, who: span.name };
  if (span.statement) return { what: span.statement, who: span.name };
  if (span.operation) {
    const resource = twin && spokenName(twin.service);
    // The SDK's name for the service says more than the resource alone, unless they are the same.
    return resource && resource !== span.name ? { what: `${span.operation} ${resource}`, who: span.name } : { what: `${span.operation} ${span.name}`, who: '' };
  }
  return { what: request, who: span.name };
}
