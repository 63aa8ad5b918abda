// Find in a trace: which spans hold a text in anything that the waterfall knows of them.
import type { Span } from '../api/generated/Span';
import { twinsOf } from './twin';

/** Indices in drawing order; every word has to be there, in a call or in its twin. An empty text matches nothing. */
export function matchesOf(spans: readonly Span[], text: string): number[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const twins = twinsOf(spans);
  const hidden = new Set(twins.values());
  return spans.flatMap((span, index) => {
    if (hidden.has(index)) return [];
    const twin = twins.get(index);
    const hay = twin === undefined ? hayOf(span) : `${hayOf(span)}\n${hayOf(spans[twin]!)}`;
    return words.every((word) => hay.includes(word)) ? [index] : [];
  });
}

function hayOf({ name, service, operation, method, url, status, type, id, outcome, statement }: Span): string {
  const parts = [name, service, operation, method, url, status, type, id, outcome, statement];
  return parts.filter((part) => part != null).join('\n').toLowerCase();
}

/** The next in a circle after where one stands, or the one before. */
export function stepped(list: readonly number[], here: number, by: 1 | -1): number | undefined {
  if (list.length === 0) return undefined;
  return by === 1 ? (list.find((index) => index > here) ?? list[0]) : (list.findLast((index) => index < here) ?? list.at(-1));
}
