// The waterfall: a tree grid of spans over one time axis; only the rows in sight are drawn.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { useSize } from '../app/useSize';
import { usePreferences } from '../location/preference';
import { duration } from '../quantity';
import { Divider } from './Divider';
import { Minimap } from './Minimap';
import { ancestorsOf, extentOf, rowsOf, servicesOf, ticksOf, treeOf } from './rows';
import { WaterfallRow } from './WaterfallRow';

const ROW_PX = 26;
const OVERSCAN = 12;

interface WaterfallProps {
  trace: TraceDetail;
  selected?: string;
  onSelect: (span: string) => void;
}

export function Waterfall({ trace, selected, onSelect }: WaterfallProps) {
  const { spans } = trace;
  const { treeShare } = usePreferences();
  const [frame, { width }] = useSize<HTMLDivElement>();
  const scroller = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const extent = useMemo(() => extentOf(spans, trace.summary.duration), [spans, trace.summary.duration]);
  const [zoom, setZoom] = useState<[number, number]>();
  const [from, to] = zoom ?? [0, extent];
  const tree = useMemo(() => treeOf(spans), [spans]);
  const services = useMemo(() => servicesOf(spans), [spans]);
  const rows = useMemo(() => rowsOf(spans, tree, folded), [spans, tree, folded]);
  const position = rows.findIndex((row) => spans[row.index]!.id === selected);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: OVERSCAN });

  // What is selected from elsewhere is unfolded and brought into sight.
  useEffect(() => {
    const index = spans.findIndex((span) => span.id === selected);
    const hiding = index < 0 ? [] : ancestorsOf(spans, index).filter((id) => folded.has(id));
    if (hiding.length > 0) setFolded(new Set([...folded].filter((id) => !hiding.includes(id))));
    else if (position >= 0) virtual.scrollToIndex(position, { align: 'auto' });
  }, [selected, spans, folded]);

  const fold = useCallback((id: string, isFolded: boolean) => {
    setFolded((before) => {
      const after = new Set(before);
      if (isFolded) after.add(id);
      else after.delete(id);
      return after;
    });
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[position];
    const span = row && spans[row.index];
    const to = (next: number) => rows[next] && onSelect(spans[rows[next]!.index]!.id);
    if (event.key === 'ArrowDown') to(Math.min(rows.length - 1, position + 1));
    else if (event.key === 'ArrowUp') to(Math.max(0, position - 1));
    else if (event.key === 'Home') to(0);
    else if (event.key === 'End') to(rows.length - 1);
    else if (event.key === 'ArrowLeft' && row && span) {
      if (row.hasChildren && !row.isFolded) fold(span.id, true);
      else if (span.parent != null) onSelect(spans[span.parent]!.id);
    } else if (event.key === 'ArrowRight' && row && span) {
      if (row.isFolded) fold(span.id, false);
      else if (row.hasChildren) to(position + 1);
    } else if (event.key === 'x') setFolded(new Set());
    else return;
    event.preventDefault();
  };

  const treeWidth = Math.round(width * treeShare);
  const ticks = ticksOf(from, to, Math.max(2, Math.floor((width - treeWidth) / 110)));
  return (
    <section className="waterfall" aria-label="Timeline" ref={frame} style={{ ['--tree' as string]: `${treeWidth}px` }}>
      <Minimap spans={spans} services={services} extent={extent} zoom={zoom} onZoom={setZoom} inset={treeWidth} />
      <div className="waterfall-axis" aria-hidden="true">
        <span>Name</span>
        <span className="waterfall-ticks">
          {ticks.map((tick) => (
            <span key={tick} style={{ left: `${((tick - from) / (to - from)) * 100}%` }}>
              {duration(tick)}
            </span>
          ))}
        </span>
      </div>
      <div
        ref={scroller}
        className="waterfall-rows"
        role="treegrid"
        tabIndex={0}
        aria-label={`Spans of the trace, ${rows.length} rows`}
        aria-rowcount={rows.length}
        aria-activedescendant={position >= 0 ? `row-${selected}` : undefined}
        onKeyDown={onKeyDown}
      >
        <div className="waterfall-space" style={{ height: virtual.getTotalSize() }} role="presentation">
          {ticks.map((tick) => (
            <span key={tick} className="waterfall-line" style={{ left: `calc(var(--tree) + var(--status) + (100% - var(--tree) - var(--status) - var(--after)) * ${(tick - from) / (to - from)})` }} aria-hidden="true" />
          ))}
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            const span = spans[row.index]!;
            return (
              <WaterfallRow
                key={span.id}
                span={span}
                row={row}
                number={item.index}
                top={item.start}
                from={from}
                to={to}
                extent={extent}
                order={services.get(span.service) ?? 0}
                isSelected={span.id === selected}
                onSelect={onSelect}
                onFold={fold}
              />
            );
          })}
        </div>
      </div>
      <Divider width={width} />
    </section>
  );
}
