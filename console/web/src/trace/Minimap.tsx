// The whole trace in a strip; dragging over it zooms the waterfall, a double click shows all again.
import { memo, useEffect, useMemo, useRef } from 'react';
import type { Span } from '../api/generated/Span';
import { useSize } from '../ui/useSize';
import { useTheme } from '../ui/useTheme';
import { useBrush } from '../chart/useBrush';
import type { Zoom } from './zoom';
import '../chart/strip.css';

const LEAST_PX = 44;
const MOST_PX = 96;
const SWATCHES = 20;

interface MinimapProps {
  spans: readonly Span[];
  services: Map<string, number>;
  extent: number;
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
  inset: number;
}

export const Minimap = memo(function Minimap({ spans, services, extent, zoom, onZoom, inset }: MinimapProps) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const height = Math.max(LEAST_PX, Math.min(MOST_PX, spans.length * 2 + 8));
  const brush = useBrush({
    width,
    height,
    selection: zoom && [(zoom[0] / extent) * width, (zoom[1] / extent) * width],
    onEnd: (picked) => onZoom(picked && [(picked[0] / width) * extent, (picked[1] / width) * extent]),
  });
  const order = useMemo(() => spans.map((span, index) => ({ span, index })).sort((a, b) => rank(a.span) - rank(b.span)), [spans]);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || width === 0) return;
    // The theme's class is on the body only after this effect's sibling ran; read the tokens in the next frame.
    const frameNumber = requestAnimationFrame(() => draw(context));
    return () => cancelAnimationFrame(frameNumber);

    function draw(drawing: CanvasRenderingContext2D) {
      const scale = window.devicePixelRatio || 1;
      canvas.current!.width = width * scale;
      canvas.current!.height = height * scale;
      drawing.scale(scale, scale);
      const style = getComputedStyle(document.body);
      const colours = Array.from({ length: SWATCHES }, (_, index) => style.getPropertyValue(`--service-${index}`));
      const bad = { fault: style.getPropertyValue('--fault'), throttle: style.getPropertyValue('--throttle'), error: style.getPropertyValue('--error') };
      const rowHeight = (height - 8) / Math.max(1, spans.length);
      for (const { span, index } of order) {
        const x = (span.start / extent) * width;
        const length = ((span.duration ?? extent - span.start) / extent) * width;
        drawing.fillStyle = span.outcome === 'ok' ? colours[(services.get(span.service) ?? 0) % SWATCHES]! : bad[span.outcome];
        drawing.fillRect(x, 4 + index * rowHeight, Math.max(1.5, length), Math.max(1, Math.min(4, rowHeight * 0.7)));
      }
    }
  }, [spans, order, services, extent, width, height, theme]);

  return (
    <div className="minimap" style={{ paddingLeft: `calc(${inset}px + var(--status))` }} title="Drag to zoom, double click to show all">
      <div ref={frame} className="minimap-frame" style={{ height }} onDoubleClick={() => onZoom(undefined)}>
        <canvas ref={canvas} style={{ width, height }} aria-hidden="true" />
        <svg width={width} height={height} aria-hidden="true">
          <g ref={brush} className="brush" />
        </svg>
      </div>
    </div>
  );
});

/** Failures are drawn last, so that they win over what lies at the same place. */
function rank(span: Span): number {
  return { ok: 0, error: 1, throttle: 2, fault: 3 }[span.outcome];
}
