// Events of spans on the time axis, and the way from one to the next.
import type { Span } from '../api/generated/Span';
import { duration } from '../quantity';

/** What an exception is called as an event. */
const EXCEPTION = 'exception';

export interface Mark {
  /** Index of the span. */
  span: number;
  /** Index among the events of the span. */
  event: number;
}

/** Of all spans in drawing order, in each by time. */
export function marksOf(spans: readonly Span[]): Mark[] {
  return spans.flatMap(({ events = [] }, span) => byTime(events.map(([offset]) => offset)).map((event) => ({ span, event })));
}

/** The indices of some times, earliest first. */
export function byTime(times: readonly number[]): number[] {
  return times.map((_, index) => index).sort((a, b) => times[a]! - times[b]!);
}

/** Marks nearer than this share of the window would hide each other. */
const NEAR = 0.03;
const MOST_NAMED = 8;

/** Events that are drawn as one mark. */
export interface Heap {
  /** Share of the window. */
  left: number;
  /** The first of them. */
  event: number;
  title: string;
  hasException: boolean;
}

/** The events of a span that lie in the window, those that are near each other together. */
export function heapsOf({ start, events = [] }: Span, from: number, to: number): Heap[] {
  const heaps: { left: number; events: number[] }[] = [];
  for (const event of byTime(events.map(([offset]) => offset))) {
    const left = (start + events[event]![0] - from) / (to - from);
    // A sender may say any time.
    if (!(left >= 0 && left <= 1)) continue;
    const last = heaps.at(-1);
    if (last && left - last.left < NEAR) last.events.push(event);
    else heaps.push({ left, events: [event] });
  }
  return heaps.map(({ left, events: members }) => {
    const lines = members.slice(0, MOST_NAMED).map((member) => `${events[member]![1] || 'Event'}, ${offsetText(events[member]![0])}`);
    if (members.length > MOST_NAMED) lines.push(`${members.length - MOST_NAMED} more`);
    return { left, event: members[0]!, title: lines.join('\n'), hasException: members.some((member) => events[member]![1] === EXCEPTION) };
  });
}

/** What the address says of an event: its span and its index, which no other span has. */
export function markName(span: string, event: number): string {
  return `${span}.${event}`;
}

/** When an event was, from the start of its span. */
export function offsetText(offset: number): string {
  return offset < 0 ? `${duration(-offset)} before the span` : `+${duration(offset)}`;
}

/** The next in a circle after the event that is open, else after where one stands; or the one before. */
export function steppedMark(spans: readonly Span[], marks: readonly Mark[], open: string | null, selected: number, by: 1 | -1): Mark | undefined {
  if (marks.length === 0) return undefined;
  const at = marks.findIndex(({ span, event }) => span === selected && markName(spans[span]!.id, event) === open);
  if (at >= 0) return marks[(at + by + marks.length) % marks.length];
  return by === 1 ? (marks.find(({ span }) => span >= selected) ?? marks[0]) : (marks.findLast(({ span }) => span < selected) ?? marks.at(-1));
}
