// One row of the waterfall: the span's place in the tree, its name, and its bar on the time axis; or many alike in one row.
import { memo, type MouseEvent, type ReactNode } from 'react';
import type { Span } from '../api/generated/Span';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, plural } from '../quantity';
import { Bar, SpreadBar } from './Bar';
import type { Stretch } from './critical';
import { EventMarks } from './EventMarks';
import type { Mark } from './marks';
import { swatch } from './palette';
import { summaryOf, type RepeatRow, type Row, type SpanRow } from './rows';
import { toldOf, type Told } from './twin';

/** Deeper rows are not moved further right, or their names would leave the column. */
const DEEPEST_INDENT = 14;
const INDENT_PX = 14;

interface LineProps {
  id: string;
  spans: readonly Span[];
  twins: ReadonlyMap<number, number>;
  number: number;
  top: number;
  from: number;
  to: number;
  extent: number;
  services: Map<string, number>;
  critical: readonly Stretch[];
  isSelected: boolean;
  isFound: boolean;
  onPick: (row: Row) => void;
  onMark: (mark: Mark) => void;
  onFold: (row: Row, isFolded: boolean) => void;
}

export const SpanLine = memo(function SpanLine(props: LineProps & { row: SpanRow }) {
  const { row, spans, twins, services } = props;
  const span = spans[row.index]!;
  const twin = spans[twins.get(row.index) ?? -1];
  const parent = span.parent == null ? undefined : spans[span.parent];
  const order = services.get(span.service) ?? 0;
  return (
    <Line
      {...props}
      outcome={span.outcome}
      canFold={row.hasChildren}
      status={
        <>
          {span.outcome !== 'ok' && <OutcomeGlyph outcome={span.outcome} />}
          {span.status}
        </>
      }
      bar={
        <>
          <Bar {...props} span={span} order={order} remote={twin && (services.get(twin.service) ?? 0)} call={span.kind === 'segment' && parent?.kind === 'subsegment' ? parent : undefined} />
          <EventMarks {...props} span={span} index={row.index} />
        </>
      }
    >
      <span className="service-dot" style={{ background: swatch(order) }} aria-hidden="true" />
      <Names span={span} twin={twin} />
      <span className="span-more">
        {span.kind === 'inferred' && <span className="tag">inferred</span>}
        {span.duration == null && <span className="tag">in progress</span>}
        {(span.eventCount ?? 0) > 0 && <span className="visually-hidden">{plural(span.eventCount!, 'event')}</span>}
      </span>
    </Line>
  );
});

/** A segment is who it is, and then what was asked of it; a call is what it did, and then of whom. */
function Names({ span, twin }: { span: Span; twin?: Span }) {
  const told = toldOf(span, twin);
  const title = `${[told.what, told.who].filter(Boolean).join(', ')} (${span.service}${twin ? `, to ${twin.service}` : ''})`;
  if (span.kind !== 'subsegment' || told.what === '') {
    return (
      <>
        <span className={span.kind === 'segment' ? 'span-name is-segment' : 'span-name'} title={title}>
          {told.who}
        </span>
        <span className="span-what">{told.what}</span>
      </>
    );
  }
  return (
    <>
      <span className={span.statement ? 'span-name is-told is-query' : 'span-name is-told'} title={title}>
        {told.what}
      </span>
      <span className="span-what">{told.who}</span>
    </>
  );
}

export const RepeatLine = memo(function RepeatLine(props: LineProps & { row: RepeatRow }) {
  const { row, spans, twins, services, extent } = props;
  const span = spans[row.index]!;
  const told = toldOf(span, spans[twins.get(row.index) ?? -1]);
  const summary = summaryOf(spans, row.members, extent);
  const order = services.get(span.service) ?? 0;
  const bad = summary.worst === 'ok' ? '' : `, ${plural(summary.bad, summary.worst === 'fault' ? 'fault' : summary.worst)}`;
  return (
    <Line
      {...props}
      outcome={summary.worst}
      canFold
      status={summary.worst !== 'ok' && <OutcomeGlyph outcome={summary.worst} />}
      bar={<SpreadBar {...props} start={summary.start} end={summary.end} order={order} worst={summary.worst} />}
    >
      <span className="service-dot" style={{ background: swatch(order) }} aria-hidden="true" />
      <span className={span.statement ? 'span-name is-told is-repeat is-query' : 'span-name is-told is-repeat'} title={`${repeated(span, told)} (${span.service}), ${summary.count} times`}>
        {repeated(span, told)}
      </span>
      <span className="span-times">× {summary.count}</span>
      <span className="span-what">
        p50 {duration(summary.p50)}
        {bad}
      </span>
    </Line>
  );
});

/** Requests are alike by whom they ask, since their paths differ. */
function repeated(span: Span, { what, who }: Told): string {
  return span.statement || span.operation ? what : who;
}

interface LineParts {
  row: Row;
  outcome: Span['outcome'];
  canFold: boolean;
  status: ReactNode;
  bar: ReactNode;
  children: ReactNode;
}

function Line(props: LineProps & LineParts) {
  const { id, row, number, top, outcome, canFold, status, bar, children, isSelected, isFound, onPick, onFold } = props;
  const classes = ['waterfall-row'];
  if (isSelected) classes.push('is-selected');
  if (isFound) classes.push('is-found');
  if (outcome !== 'ok') classes.push(`is-${outcome}`);
  const toggle = (event: MouseEvent) => {
    event.stopPropagation();
    onFold(row, !row.isFolded);
  };
  const pick = () => {
    onPick(row);
    if (row.kind === 'repeat') onFold(row, !row.isFolded);
  };
  return (
    <div
      id={id}
      role="row"
      className={classes.join(' ')}
      aria-level={row.level}
      aria-rowindex={number + 1}
      aria-selected={isSelected}
      aria-expanded={canFold ? !row.isFolded : undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={pick}
    >
      <div role="gridcell" className="waterfall-name" style={{ paddingLeft: 6 + Math.min(DEEPEST_INDENT, row.level - 1) * INDENT_PX }}>
        {canFold ? (
          <button type="button" className="fold" tabIndex={-1} aria-label={row.isFolded ? 'Unfold' : 'Fold'} onClick={toggle}>
            <svg width="10" height="10" viewBox="-5 -5 10 10" aria-hidden="true">
              <path d={row.isFolded ? 'M-1.5-3.5 2.5 0-1.5 3.5' : 'M-3.5-1.5 0 2.5 3.5-1.5'} fill="none" stroke="currentColor" strokeWidth="1.5" />
            </svg>
          </button>
        ) : (
          <span className="fold" />
        )}
        {children}
      </div>
      <div role="gridcell" className="waterfall-status">
        {status}
      </div>
      <div role="gridcell" className="waterfall-track">
        <div className="waterfall-bars">{bar}</div>
      </div>
    </div>
  );
}
