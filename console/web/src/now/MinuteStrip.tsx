// Client requests in each minute, stacked by outcome; dragging over it narrows the range.
import Button from '@cloudscape-design/components/button';
import { scaleLinear, scaleTime } from 'd3-scale';
import { useMemo, useState } from 'react';
import type { SeriesPoint } from '../api/generated/SeriesPoint';
import { useSize } from '../app/useSize';
import { useBrush } from '../chart/useBrush';
import { OUTCOMES, OUTCOME_WORD } from '../outcome/outcome';
import { count, minuteTime } from '../quantity';

const MINUTE_MS = 60_000;
const HEIGHT = 52;
const MOST_BARS = 180;

interface StripProps {
  series: SeriesPoint[];
  from: number;
  to: number;
  isZoomed: boolean;
  onZoom: (from: number, to: number) => void;
  onReset: () => void;
}

/** Minutes joined so that no bar is thinner than a few pixels. */
export function buckets(series: SeriesPoint[], from: number, to: number): { step: number; bars: SeriesPoint[] } {
  const step = Math.max(1, Math.ceil((to - from) / MINUTE_MS / MOST_BARS)) * MINUTE_MS;
  const bars = new Map<number, SeriesPoint>();
  for (const point of series) {
    const at = Math.floor(point.at / step) * step;
    const bar = bars.get(at) ?? { at, ok: 0, error: 0, throttle: 0, fault: 0 };
    for (const outcome of OUTCOMES) bar[outcome] += point[outcome];
    bars.set(at, bar);
  }
  return { step, bars: [...bars.values()] };
}

const totalOf = (point: SeriesPoint) => OUTCOMES.reduce((sum, outcome) => sum + point[outcome], 0);

export function MinuteStrip({ series, from, to, isZoomed, onZoom, onReset }: StripProps) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  const [pointed, setPointed] = useState<SeriesPoint>();
  const { step, bars } = useMemo(() => buckets(series, from, to), [series, from, to]);
  const x = useMemo(() => scaleTime([new Date(from), new Date(to)], [0, width]), [from, to, width]);
  const y = useMemo(() => scaleLinear([0, Math.max(1, ...bars.map(totalOf))], [0, HEIGHT - 6]), [bars]);
  const brush = useBrush({
    width,
    height: HEIGHT,
    selection: undefined,
    onEnd: (picked) => {
      if (picked === undefined) return;
      const [start, end] = picked.map((pixel) => x.invert(pixel).getTime());
      const snappedStart = Math.floor(start! / MINUTE_MS) * MINUTE_MS;
      onZoom(snappedStart, Math.max(snappedStart + MINUTE_MS, Math.ceil(end! / MINUTE_MS) * MINUTE_MS));
    },
  });
  const barWidth = Math.max(1, x(new Date(from + step)) - 1.5);
  const sum = bars.reduce((all, bar) => all + totalOf(bar), 0);
  const faults = bars.reduce((all, bar) => all + bar.fault, 0);
  return (
    <div className="strip">
      <div className="strip-head">
        <span>
          {pointed
            ? `${minuteTime(pointed.at)}: ${OUTCOMES.filter((outcome) => pointed[outcome] > 0)
                .map((outcome) => `${count(pointed[outcome])} ${OUTCOME_WORD[outcome]}`)
                .join(', ')}`
            : `Requests of clients ${step === MINUTE_MS ? 'per minute' : `per ${step / MINUTE_MS} minutes`}. Drag to narrow the range.`}
        </span>
        {isZoomed && (
          <Button variant="inline-link" onClick={onReset}>
            Back to live
          </Button>
        )}
      </div>
      <div
        ref={frame}
        className="strip-chart"
        onMouseMove={(event) => {
          const at = x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left).getTime();
          setPointed(bars.find((bar) => at >= bar.at && at < bar.at + step));
        }}
        onMouseLeave={() => setPointed(undefined)}
      >
        <svg width={width} height={HEIGHT + 16} role="img" aria-label={`${count(sum)} requests of clients, ${count(faults)} of them faults`}>
          {bars.map((bar) => (
            <Bar key={bar.at} bar={bar} x={Math.max(0, x(new Date(bar.at)))} width={Math.max(0, Math.min(barWidth, width - x(new Date(bar.at))))} y={y} isPointed={bar === pointed} />
          ))}
          <line className="strip-base" x1={0} x2={width} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} />
          {x.ticks(Math.max(2, Math.floor(width / 110))).map((tick) => (
            <text key={tick.getTime()} className="strip-tick" x={x(tick)} y={HEIGHT + 13}>
              {minuteTime(tick.getTime())}
            </text>
          ))}
          <g ref={brush} className="brush" />
        </svg>
      </div>
    </div>
  );
}

interface BarProps {
  bar: SeriesPoint;
  x: number;
  width: number;
  y: (value: number) => number;
  isPointed: boolean;
}

function Bar({ bar, x, width, y, isPointed }: BarProps) {
  let base = HEIGHT;
  return (
    <g className={isPointed ? 'strip-bar is-pointed' : 'strip-bar'}>
      {OUTCOMES.map((outcome) => {
        if (bar[outcome] === 0) return null;
        const height = Math.max(outcome === 'ok' ? 1 : 2, y(bar[outcome]));
        base -= height;
        return <rect key={outcome} className={`bar-${outcome}`} x={x} y={base} width={width} height={height} />;
      })}
    </g>
  );
}
