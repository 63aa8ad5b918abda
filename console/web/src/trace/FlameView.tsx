// The flame graph: time to the right, depth downwards; the table of spans is its twin in words.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { useShortcuts } from '../ui/useShortcuts';
import { useSize } from '../ui/useSize';
import { useTheme } from '../ui/useTheme';
import { duration, plural } from '../quantity';
import { flameOf } from './flame';
import { drawFlame, LANE_PX, spanAt, type FlameWindow } from './flame-drawing';
import { Ticks } from './Ticks';
import { ancestorsOf } from './tree';
import type { Shown } from './useShown';
import { panned, ticksOf, zoomed, zoomTo } from './zoom';

const TICK_PX = 110;

export function FlameView({ shown }: { shown: Shown }) {
  const { spans, services, extent, selected, select, zoom, setZoom, matches } = shown;
  const [frame, size] = useSize<HTMLDivElement>();
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [top, setTop] = useState(0);
  const [hovered, setHovered] = useState<number>();
  const theme = useTheme();
  const flame = useMemo(() => flameOf(spans, extent), [spans, extent]);
  const found = useMemo(() => new Set(matches), [matches]);
  const [from, to] = zoom ?? [0, extent];
  const window: FlameWindow = { from, to, extent, width: size.width, height: size.height, top };

  useEffect(() => {
    // The theme's class is on the body only after this effect's siblings ran; read the tokens in the next frame.
    const number = requestAnimationFrame(() => canvas.current && drawFlame(canvas.current, { spans, services, flame, window, selected, hovered, found }));
    return () => cancelAnimationFrame(number);
  }, [spans, services, flame, from, to, extent, size, top, selected, hovered, found, theme]);
  useEffect(() => {
    const lane = flame.lane[selected];
    const box = scroller.current;
    if (lane === undefined || lane < 0 || !box) return;
    if (lane * LANE_PX < box.scrollTop || (lane + 1) * LANE_PX > box.scrollTop + box.clientHeight) box.scrollTop = lane * LANE_PX - box.clientHeight / 2;
  }, [selected, flame]);

  const zoomToSelected = () => {
    const span = spans[selected];
    if (span) setZoom(zoomTo(span.start, span.duration ?? extent - span.start, extent));
  };
  useShortcuts({
    w: () => setZoom(zoomed(zoom, extent, 'in')),
    s: () => setZoom(zoomed(zoom, extent, 'out')),
    z: zoomToSelected,
    Z: () => setZoom(undefined),
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) setZoom(panned(zoom, extent, event.key === 'ArrowLeft' ? -1 : 1));
    else if (event.key === 'Enter') zoomToSelected();
    else if (event.key === 'Escape') setZoom(undefined);
    else {
      const next = neighbourOf(shown, event.key);
      if (next === undefined) return;
      select(next);
    }
    event.preventDefault();
  };
  const at = (event: MouseEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return spanAt({ spans, flame, window }, event.clientX - box.left, event.clientY - box.top);
  };
  const span = spans[hovered ?? selected];
  // A label that begins at the very end would be cut.
  const ticks = ticksOf(from, to, Math.max(2, Math.floor(size.width / TICK_PX))).filter((tick) => tick <= to - 0.04 * (to - from));
  const current = spans[selected];
  return (
    <section className="flame" aria-label="Flame graph">
      <p className="flame-line">
        {span && (
          <>
            <strong>{span.name}</strong> <span className="muted">{span.service}</span> {span.duration == null ? 'in progress' : duration(span.duration)}
          </>
        )}
        {flame.left > 0 && <span className="muted">{plural(flame.left, 'span')} lie deeper than is drawn.</span>}
      </p>
      <Ticks ticks={ticks} from={from} to={to} zoom={zoom} onAll={() => setZoom(undefined)} />
      <div
        ref={scroller}
        className="flame-scroll"
        role="application"
        aria-roledescription="flame graph"
        tabIndex={0}
        aria-label={`Flame graph of ${plural(spans.length, 'span')}. Arrow keys go to parent, child and siblings, Enter zooms to the span, Escape shows all. The view Table holds the same as a table.`}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onKeyDown={onKeyDown}
      >
        <div className="flame-space" style={{ height: Math.max(size.height, (flame.lanes + 1) * LANE_PX) }}>
          <div ref={frame} className="flame-sticky">
            <canvas
              ref={canvas}
              style={{ width: size.width, height: size.height }}
              onMouseMove={(event) => setHovered(at(event))}
              onMouseLeave={() => setHovered(undefined)}
              onClick={(event) => {
                const index = at(event);
                if (index !== undefined) select(index);
              }}
              onDoubleClick={(event) => {
                const index = at(event);
                if (index === undefined) setZoom(undefined);
                else setZoom(zoomTo(spans[index]!.start, spans[index]!.duration ?? extent - spans[index]!.start, extent));
              }}
            />
          </div>
        </div>
      </div>
      <p className="visually-hidden" role="status">
        {current && `${current.name} of ${current.service}, ${current.duration == null ? 'in progress' : duration(current.duration)}`}
      </p>
    </section>
  );
}

/** Up to the parent, down to the longest child, left and right to siblings. */
function neighbourOf({ spans, tree, selected }: Shown, key: string): number | undefined {
  const parent = ancestorsOf(spans, selected)[0];
  if (key === 'ArrowUp') return parent;
  if (key === 'ArrowDown') {
    const children = tree.children[selected] ?? [];
    return children.reduce<number | undefined>(
      (best, child) => (best === undefined || (spans[child]!.duration ?? 0) > (spans[best]!.duration ?? 0) ? child : best),
      undefined,
    );
  }
  const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (by === undefined) return undefined;
  const siblings = parent === undefined ? tree.roots : tree.children[parent]!;
  return siblings[siblings.indexOf(selected) + by];
}
