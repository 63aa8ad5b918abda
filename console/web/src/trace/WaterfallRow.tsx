// One row of the waterfall: the span's place in the tree, its name, and its bar on the time axis.
import { memo, type MouseEvent } from 'react';
import type { Span } from '../api/generated/Span';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration } from '../quantity';
import { pathOf } from '../traces/TraceTable';
import { swatch } from './palette';
import type { Row } from './rows';

/** Deeper rows are not moved further right, or their names would leave the column. */
const DEEPEST_INDENT = 14;
const INDENT_PX = 14;

interface RowProps {
  span: Span;
  row: Row;
  number: number;
  top: number;
  from: number;
  to: number;
  extent: number;
  order: number;
  isSelected: boolean;
  onSelect: (span: string) => void;
  onFold: (span: string, isFolded: boolean) => void;
}

export function spanTitle(span: Span): string {
  if (span.kind === 'segment') return [span.method, span.url && pathOf(span.url)].filter(Boolean).join(' ');
  return span.operation ?? '';
}

export const WaterfallRow = memo(function WaterfallRow(props: RowProps) {
  const { span, row, number, top, order, isSelected, onSelect, onFold } = props;
  const isFailed = span.outcome !== 'ok';
  const toggle = (event: MouseEvent) => {
    event.stopPropagation();
    onFold(span.id, !row.isFolded);
  };
  return (
    <div
      id={`row-${span.id}`}
      role="row"
      className={`waterfall-row${isSelected ? ' is-selected' : ''}${isFailed ? ` is-${span.outcome}` : ''}`}
      aria-level={span.depth + 1}
      aria-rowindex={number + 1}
      aria-selected={isSelected}
      aria-expanded={row.hasChildren ? !row.isFolded : undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(span.id)}
    >
      <div role="gridcell" className="waterfall-name" style={{ paddingLeft: 6 + Math.min(DEEPEST_INDENT, span.depth) * INDENT_PX }}>
        {row.hasChildren ? (
          <button type="button" className="fold" tabIndex={-1} aria-label={row.isFolded ? 'Unfold' : 'Fold'} onClick={toggle}>
            <svg width="10" height="10" viewBox="-5 -5 10 10" aria-hidden="true">
              <path d={row.isFolded ? 'M-1.5-3.5 2.5 0-1.5 3.5' : 'M-3.5-1.5 0 2.5 3.5-1.5'} fill="none" stroke="currentColor" strokeWidth="1.5" />
            </svg>
          </button>
        ) : (
          <span className="fold" />
        )}
        <span className="service-dot" style={{ background: swatch(order) }} aria-hidden="true" />
        <span className={span.kind === 'segment' ? 'span-name is-segment' : 'span-name'} title={`${span.name} (${span.service})`}>
          {span.name}
        </span>
        <span className="span-what">{spanTitle(span)}</span>
      </div>
      <div role="gridcell" className="waterfall-status">
        {isFailed && <OutcomeGlyph outcome={span.outcome} />}
        {span.status}
      </div>
      <div role="gridcell" className="waterfall-track">
        <div className="waterfall-bars">
          <Bar {...props} />
        </div>
      </div>
    </div>
  );
});

function Bar({ span, from, to, extent, order }: RowProps) {
  const length = to - from;
  const isOpen = span.duration == null;
  const end = isOpen ? extent : span.start + (span.duration ?? 0);
  const left = Math.max(0, (span.start - from) / length);
  const right = Math.min(1, (end - from) / length);
  if (right < 0 || left > 1) return null;
  const width = Math.max(0, right - left);
  const label = isOpen ? 'in progress' : duration(span.duration);
  // The track keeps room for a label after its end; only a bar that leaves a zoomed window has it elsewhere.
  const side = end <= to ? 'after' : left > 0.14 ? 'before' : 'inside';
  const classes = ['bar', `bar-kind-${span.kind}`];
  if (isOpen) classes.push('is-open');
  if (span.outcome !== 'ok') classes.push(`bar-bad bar-bad-${span.outcome}`);
  return (
    <>
      <span
        className={classes.join(' ')}
        style={{ left: `${left * 100}%`, width: `max(2px, ${width * 100}%)`, ['--bar' as string]: swatch(order) }}
      />
      <span
        className={`bar-label is-${side}`}
        style={side === 'after' ? { left: `${right * 100}%` } : side === 'before' ? { right: `${(1 - left) * 100}%` } : { left: `${left * 100}%` }}
      >
        {label}
      </span>
    </>
  );
}
