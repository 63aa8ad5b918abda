// The waterfall: a tree grid of spans over one time axis; only the rows in sight are drawn.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useSize } from '../ui/useSize';
import { usePreferences } from '../location/preference';
import { stretchesOf, stretchesWithin, withTwin, type Stretch } from './critical';
import { Divider } from './Divider';
import type { Mark } from './marks';
import { Minimap } from './Minimap';
import { badOf, foldedAtFirst, revealed, rowsOf, type Row } from './rows';
import { Ticks, TickLines } from './Ticks';
import { withoutTwins } from './twin';
import type { Shown } from './useShown';
import { useWaterfallKeys } from './useWaterfallKeys';
import { useWheelZoom } from './useWheelZoom';
import { RepeatLine, SpanLine } from './WaterfallRow';
import { ticksOf } from './zoom';

const ROW_PX = 26;
const OVERSCAN = 12;
const TICK_PX = 110;
const NONE: Stretch[] = [];

export function Waterfall({ shown }: { shown: Shown }) {
  const { trace, spans, tree, services, extent, selected, select, zoom, setZoom, matches, onlyErrors } = shown;
  const { treeShare } = usePreferences();
  const [frame, { width }] = useSize<HTMLDivElement>();
  const scroller = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState(() => foldedAtFirst(spans, tree, trace.focus == null ? -1 : selected));
  const [unrolled, setUnrolled] = useState<ReadonlySet<string>>(new Set());
  const [from, to] = zoom ?? [0, extent];
  const kept = useMemo(() => (onlyErrors ? badOf(spans) : undefined), [spans, onlyErrors]);
  const input = { spans, tree, folded, unrolled, kept };
  const rows = useMemo(() => rowsOf(input), [spans, tree, folded, unrolled, kept]);
  const [onRepeat, setOnRepeat] = useState(false);
  const position = useMemo(() => rows.findIndex((row) => row.index === selected && (row.kind === 'repeat') === onRepeat), [rows, selected, onRepeat]);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: OVERSCAN });

  // What is selected from elsewhere is unfolded and brought into sight.
  useEffect(() => {
    const isRolled = onRepeat && rows.some((row) => row.kind === 'repeat' && row.index === selected);
    const change = isRolled || selected < 0 ? undefined : revealed(input, selected);
    if (change) {
      setFolded(change.folded);
      setUnrolled(change.unrolled);
    }
  }, [selected, spans, kept]);
  useEffect(() => {
    if (position < 0) return;
    const { range } = virtual;
    const isNear = range !== null && position >= range.startIndex - 1 && position <= range.endIndex + 1;
    virtual.scrollToIndex(position, { align: isNear ? 'auto' : 'center' });
  }, [selected, onRepeat, folded, unrolled]);
  // Of few rows none need be folded.
  useEffect(() => {
    if (onlyErrors) setFolded(new Set());
  }, [onlyErrors]);
  // Whoever came by keyboard goes on by keyboard.
  useEffect(() => {
    if (document.activeElement === document.body) scroller.current?.focus({ preventScroll: true });
  }, []);

  const pick = useCallback(
    (row: Row) => {
      setOnRepeat(row.kind === 'repeat');
      select(row.index);
    },
    [select],
  );
  const openMark = useCallback(
    (mark: Mark) => {
      setOnRepeat(false);
      shown.openMark(mark);
    },
    [shown.openMark],
  );
  const fold = useCallback(
    (row: Row, isFolded: boolean) => {
      const { id } = spans[row.index]!;
      const change = (before: ReadonlySet<string>, isIn: boolean) => {
        const after = new Set(before);
        if (isIn) after.add(id);
        else after.delete(id);
        return after;
      };
      if (row.kind === 'repeat') setUnrolled((before) => change(before, !isFolded));
      else setFolded((before) => change(before, isFolded));
    },
    [spans],
  );
  const expandAll = () => {
    setFolded(new Set());
    setUnrolled(new Set(rowsOf({ ...input, folded: new Set() }).flatMap((row) => (row.kind === 'repeat' ? [spans[row.index]!.id] : []))));
  };
  const onKeyDown = useWaterfallKeys({ shown, rows, position, pick, fold, expandAll });
  useWheelZoom(scroller, shown);

  const treeWidth = Math.round(width * treeShare);
  const ticks = useMemo(() => ticksOf(from, to, Math.max(2, Math.floor((width - treeWidth) / TICK_PX))), [from, to, width, treeWidth]);
  const critical = useCritical(shown);
  const drawn = useMemo(() => withoutTwins(spans), [spans]);
  const found = useMemo(() => new Set(matches), [matches]);
  return (
    <section className="waterfall" aria-label="Timeline" ref={frame} style={{ ['--tree' as string]: `${treeWidth}px` }}>
      <Minimap spans={drawn} services={services} extent={extent} zoom={zoom} onZoom={setZoom} inset={treeWidth} />
      <Ticks title="Name" ticks={ticks} from={from} to={to} zoom={zoom} onAll={() => setZoom(undefined)} />
      <div
        ref={scroller}
        className="waterfall-rows"
        role="treegrid"
        tabIndex={0}
        aria-label={`Spans of the trace, ${rows.length} rows`}
        aria-rowcount={rows.length}
        aria-activedescendant={position >= 0 ? rowId(shown, rows[position]!) : undefined}
        onKeyDown={onKeyDown}
      >
        <div className="waterfall-space" style={{ height: virtual.getTotalSize() }} role="presentation">
          <TickLines ticks={ticks} from={from} to={to} />
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            const id = rowId(shown, row);
            const common = {
              id, spans, twins: tree.twins, from, to, extent, services, number: item.index, top: item.start, isSelected: item.index === position, onPick: pick, onMark: openMark, onFold: fold,
            };
            return row.kind === 'repeat' ? (
              <RepeatLine key={id} row={row} critical={critical(row)} isFound={row.isFolded && row.members.some((member) => found.has(member))} {...common} />
            ) : (
              <SpanLine key={id} row={row} critical={critical(row)} isFound={found.has(row.index)} {...common} />
            );
          })}
        </div>
      </div>
      {rows.length === 0 && <p className="waterfall-nothing muted">Nothing failed in this trace.</p>}
      <Divider width={width} />
    </section>
  );
}

function rowId({ spans }: Shown, row: Row): string {
  return `${row.kind === 'repeat' ? 'repeat' : 'row'}-${spans[row.index]!.id}`;
}

/** Gives the stretches of the critical path in a row; the same list each time, so that rows need not be drawn again. */
function useCritical({ trace, tree, showsCritical }: Shown): (row: Row) => Stretch[] {
  return useMemo(() => {
    if (!showsCritical) return (_: Row) => NONE;
    const own = stretchesOf(trace.criticalPath);
    for (const [call, twin] of tree.twins) own.set(call, withTwin(own.get(call), own.get(twin)));
    const joined = new Map<number, Stretch[]>();
    return (row: Row) => {
      if (row.kind === 'span' && !row.isFolded) return own.get(row.index) ?? NONE;
      if (row.kind === 'repeat' && !row.isFolded) return NONE;
      const last = row.kind === 'repeat' ? row.members.at(-1)! : row.index;
      let stretches = joined.get(last);
      if (!stretches) joined.set(last, (stretches = stretchesWithin(trace.criticalPath, row.index, tree.ends[last]!)));
      return stretches;
    };
  }, [trace.criticalPath, tree, showsCritical]);
}
