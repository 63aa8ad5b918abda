// Spans for tests, in a line each: id, index of the parent, and what differs from a plain one.
import type { Span } from '../api/generated/Span';

export function spansOf(...list: [id: string, parent: number | null, rest?: Partial<Span>][]): Span[] {
  const spans: Span[] = [];
  for (const [id, parent, rest] of list) {
    const depth = parent === null ? 0 : spans[parent]!.depth + 1;
    spans.push({ id, parent: parent ?? undefined, depth, kind: 'subsegment', service: id[0]!, name: id, start: 0, duration: 1, outcome: 'ok', ...rest });
  }
  return spans;
}
