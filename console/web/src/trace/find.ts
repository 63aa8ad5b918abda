// Find in a trace: which spans hold a text in anything that the waterfall knows of them.
import type { Span } from '../api/generated/Span';

/** Indices in drawing order; every word has to be there. An empty text matches nothing. */
export function matchesOf(spans: readonly Span[], text: string): number[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return spans.flatMap((span, index) => {
    const parts = [span.name, span.service, span.operation, span.method, span.url, span.status, span.type, span.id, span.outcome];
    const hay = parts.filter((part) => part != null).join('\n').toLowerCase();
    return words.every((word) => hay.includes(word)) ? [index] : [];
  });
}

/** The next in a circle after where one stands, or the one before. */
export function stepped(list: readonly number[], here: number, by: 1 | -1): number | undefined {
  if (list.length === 0) return undefined;
  return by === 1 ? (list.find((index) => index > here) ?? list[0]) : (list.findLast((index) => index < here) ?? list.at(-1));
}
