// The keys of the waterfall: those of a tree grid, and letters and shifted arrows for the time axis.
import type { KeyboardEvent } from 'react';
import { useShortcuts } from '../ui/useShortcuts';
import type { Row } from './rows';
import type { Shown } from './useShown';
import { panned, zoomed, zoomTo } from './zoom';

interface KeysInput {
  shown: Shown;
  rows: readonly Row[];
  position: number;
  pick: (row: Row) => void;
  fold: (row: Row, isFolded: boolean) => void;
  expandAll: () => void;
}

export function useWaterfallKeys({ shown, rows, position, pick, fold, expandAll }: KeysInput) {
  const { spans, selected, extent, zoom, setZoom } = shown;
  const zoomToSpan = () => {
    const span = spans[selected];
    if (span) setZoom(zoomTo(span.start, span.duration ?? extent - span.start, extent));
  };
  useShortcuts({
    w: () => setZoom(zoomed(zoom, extent, 'in', centreOf(shown))),
    s: () => setZoom(zoomed(zoom, extent, 'out')),
    x: expandAll,
    z: zoomToSpan,
    Z: () => setZoom(undefined),
  });

  return (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[position];
    const to = (at: number) => {
      const next = rows[Math.max(0, Math.min(rows.length - 1, at))];
      if (next) pick(next);
    };
    const page = Math.max(1, Math.floor(event.currentTarget.clientHeight / 26) - 1);
    if (event.shiftKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      setZoom(panned(zoom, extent, event.key === 'ArrowLeft' ? -1 : 1));
    } else if (event.key === 'ArrowDown') to(position + 1);
    else if (event.key === 'ArrowUp') to(position - 1);
    else if (event.key === 'PageDown') to(position + page);
    else if (event.key === 'PageUp') to(position - page);
    else if (event.key === 'Home') to(0);
    else if (event.key === 'End') to(rows.length - 1);
    else if (event.key === 'ArrowLeft' && row) {
      if (canFold(row) && !row.isFolded) fold(row, true);
      else to(above(rows, position));
    } else if (event.key === 'ArrowRight' && row) {
      if (row.isFolded) fold(row, false);
      else if (canFold(row)) to(position + 1);
    } else if ((event.key === 'Enter' || event.key === ' ') && row) {
      if (canFold(row)) fold(row, !row.isFolded);
    } else return;
    event.preventDefault();
  };
}

function canFold(row: Row): boolean {
  return row.kind === 'repeat' || row.hasChildren;
}

/** The row that a row stands below. */
function above(rows: readonly Row[], position: number): number {
  const level = rows[position]?.level ?? 1;
  for (let at = position - 1; at >= 0; at -= 1) if (rows[at]!.level < level) return at;
  return position;
}

/** Zooming goes to the selected span where it is in sight. */
function centreOf({ spans, selected, zoom, extent }: Shown): number | undefined {
  const span = spans[selected];
  if (!span) return undefined;
  const [from, to] = zoom ?? [0, extent];
  const centre = span.start + (span.duration ?? 0) / 2;
  return centre >= from && centre <= to ? centre : undefined;
}
