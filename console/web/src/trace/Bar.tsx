// The bar of a span on the time axis, with the network around it and the critical path in it.
import type { CSSProperties } from 'react';
import type { Span } from '../api/generated/Span';
import { duration } from '../quantity';
import type { Stretch } from './critical';
import { swatch } from './palette';
import './bar.css';

interface Window {
  from: number;
  to: number;
}

/** Where a stretch lies in the window, as shares of it; nothing where it lies outside. */
function within(start: number, end: number, { from, to }: Window): { left: number; right: number } | undefined {
  const left = Math.max(0, (start - from) / (to - from));
  const right = Math.min(1, (end - from) / (to - from));
  return right < 0 || left > 1 ? undefined : { left, right: Math.max(left, right) };
}

function place({ left, right }: { left: number; right: number }, leastPx = 2): CSSProperties {
  return { left: `${left * 100}%`, width: `max(${leastPx}px, ${(right - left) * 100}%)` };
}

interface BarProps extends Window {
  span: Span;
  /** The call that a segment serves: what it takes longer than the segment is spent on the way. */
  call?: Span;
  /** The colour of a callee that sends nothing: the bar ends in it, hollow. */
  remote?: number;
  extent: number;
  order: number;
  critical: readonly Stretch[];
}

export function Bar({ span, call, remote, from, to, extent, order, critical }: BarProps) {
  const window = { from, to };
  const isOpen = span.duration == null;
  const end = isOpen ? extent : span.start + (span.duration ?? 0);
  const at = within(span.start, end, window);
  const way = call?.duration != null ? within(call.start, call.start + call.duration, window) : undefined;
  if (!at) return null;
  const classes = ['bar', `bar-kind-${span.kind}`];
  if (isOpen) classes.push('is-open');
  if (span.outcome !== 'ok') classes.push(`bar-bad bar-bad-${span.outcome}`);
  return (
    <>
      {way && <span className="bar-way" style={place(way)} />}
      <span className={classes.join(' ')} style={{ ...place(at), ['--bar' as string]: swatch(order) }}>
        {remote !== undefined && <span className="bar-remote" title="Remote: the callee sends nothing of its own" style={{ ['--bar' as string]: swatch(remote) }} />}
      </span>
      <Critical stretches={critical} window={window} />
      <Label at={way && way.right > at.right ? { ...at, right: way.right } : at} isCut={end > to} text={isOpen ? 'in progress' : duration(span.duration)} />
    </>
  );
}

interface SpreadProps extends Window {
  start: number;
  end: number;
  order: number;
  worst: Span['outcome'];
  critical: readonly Stretch[];
}

/** From the first of many to the last, without saying that all of it was work. */
export function SpreadBar({ start, end, from, to, order, worst, critical }: SpreadProps) {
  const at = within(start, end, { from, to });
  if (!at) return null;
  const classes = worst === 'ok' ? 'bar bar-kind-repeat' : `bar bar-kind-repeat bar-bad bar-bad-${worst}`;
  return (
    <>
      <span className={classes} style={{ ...place(at), ['--bar' as string]: swatch(order) }} />
      <Critical stretches={critical} window={{ from, to }} />
      <Label at={at} isCut={end > to} text={duration(end - start)} />
    </>
  );
}

/** The track keeps room for a label after its end; only a bar that leaves a zoomed window has it elsewhere. */
function Label({ at: { left, right }, isCut, text }: { at: { left: number; right: number }; isCut: boolean; text: string }) {
  const side = !isCut ? 'after' : left > 0.14 ? 'before' : 'inside';
  const style = { after: { left: `${right * 100}%` }, before: { right: `${(1 - left) * 100}%` }, inside: { left: `${left * 100}%` } }[side];
  return (
    <span className={`bar-label is-${side}`} style={style}>
      {text}
    </span>
  );
}

/** More stretches than pixels would only be slow. */
const MOST_STRETCHES = 200;

function Critical({ stretches, window }: { stretches: readonly Stretch[]; window: Window }) {
  return stretches.slice(0, MOST_STRETCHES).map(([start, end]) => {
    const at = within(start, end, window);
    return at && <span key={start} className="bar-critical" style={place(at, 1)} />;
  });
}
