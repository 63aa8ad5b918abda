// Counts over time as bars, stacked by outcome, with a time axis below.
import { scaleLinear, type ScaleTime } from 'd3-scale';
import { memo, useMemo } from 'react';
import type { SeriesPoint } from '../api/generated/SeriesPoint';
import { OUTCOMES } from '../outcome/outcome';
import { minuteTime } from '../quantity';
import './strip.css';

export const totalOf = (point: SeriesPoint) => OUTCOMES.reduce((sum, outcome) => sum + point[outcome], 0);

interface BarsProps {
  points: SeriesPoint[];
  /** Length of one bar. */
  step: number;
  x: ScaleTime<number, number>;
  width: number;
  height: number;
}

export const StackedBars = memo(function StackedBars({ points, step, x, width, height }: BarsProps) {
  const y = useMemo(() => scaleLinear([0, Math.max(1, ...points.map(totalOf))], [0, height - 4]), [points, height]);
  const barWidth = Math.max(1, x(new Date(x.domain()[0]!.getTime() + step)) - 1);
  return (
    <>
      {points.map((point) => {
        const left = Math.max(0, x(new Date(point.at)));
        const room = Math.max(0, Math.min(barWidth, width - left));
        const isInside = room > 0 && x(new Date(point.at + step)) > 0;
        return isInside ? <Bar key={point.at} point={point} x={left} width={room} y={y} ground={height} /> : null;
      })}
      <line className="strip-base" x1={0} x2={width} y1={height + 0.5} y2={height + 0.5} />
      {x.ticks(Math.max(2, Math.floor(width / 110))).map((tick) => (
        <text key={tick.getTime()} className="strip-tick" x={Math.max(16, Math.min(width - 16, x(tick)))} y={height + 13}>
          {minuteTime(tick.getTime())}
        </text>
      ))}
    </>
  );
});

interface BarProps {
  point: SeriesPoint;
  x: number;
  width: number;
  y: (value: number) => number;
  ground: number;
}

function Bar({ point, x, width, y, ground }: BarProps) {
  let base = ground;
  return (
    <g className="strip-bar">
      {OUTCOMES.map((outcome) => {
        if (point[outcome] === 0) return null;
        const height = Math.max(outcome === 'ok' ? 1 : 2, y(point[outcome]));
        base -= height;
        return <rect key={outcome} className={`bar-${outcome}`} x={x} y={base} width={width} height={height} />;
      })}
    </g>
  );
}
