// A histogram of response times with a brush that snaps to its bars, by pointer and by keyboard.
import { scaleLinear } from 'd3-scale';
import { useMemo, type KeyboardEvent } from 'react';
import type { HistogramBin } from '../api/generated/HistogramBin';
import { useSize } from '../ui/useSize';
import { count, duration } from '../quantity';
import { barsOf, type Bar } from './bins';
import { useBrush } from './useBrush';
import './strip.css';

const HEIGHT = 120;

interface HistogramProps {
  bins: HistogramBin[];
  /** Indices of the first and the last bar, both included. */
  picked: [number, number] | undefined;
  onPick: (picked: [number, number] | undefined, bars: Bar[]) => void;
}

export function BrushHistogram({ bins, picked, onPick }: HistogramProps) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  const { bars, isLog, scale } = useMemo(() => barsOf(bins, width), [bins, width]);
  const y = scaleLinear([0, Math.max(1, ...bars.map((bar) => bar.count))], [0, HEIGHT - 8]);
  const barWidth = width / bars.length;
  const snap = (pixels: [number, number]): [number, number] => {
    const first = Math.max(0, Math.min(bars.length - 1, Math.round(pixels[0] / barWidth)));
    return [first, Math.max(first, Math.min(bars.length - 1, Math.round(pixels[1] / barWidth) - 1))];
  };
  const brush = useBrush({
    width,
    height: HEIGHT,
    selection: picked && [picked[0] * barWidth, (picked[1] + 1) * barWidth],
    onEnd: (pixels) => onPick(pixels && snap(pixels), bars),
  });
  const total = bars.reduce((sum, bar) => sum + bar.count, 0);
  const ticks = isLog ? logTicks(scale.domain()) : scale.ticks(5);
  return (
    <div ref={frame} className="histogram">
      <svg width={width} height={HEIGHT + 18} role="group" aria-label={`Response times of ${count(total)} requests`}>
        {bars.map((bar, index) =>
          bar.count === 0 ? null : (
            <rect
              key={index}
              className={picked === undefined || (index >= picked[0] && index <= picked[1]) ? 'histogram-bar is-in' : 'histogram-bar'}
              x={index * barWidth + 0.5}
              width={Math.max(1, barWidth - 1)}
              y={HEIGHT - Math.max(1.5, y(bar.count))}
              height={Math.max(1.5, y(bar.count))}
            />
          ),
        )}
        <line className="strip-base" x1={0} x2={width} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} />
        {ticks.map((tick) => (
          <text key={tick} className="strip-tick" x={scale(tick)} y={HEIGHT + 14}>
            {duration(tick)}
          </text>
        ))}
        <g ref={brush} className="brush" />
        <Handles bars={bars} barWidth={barWidth} picked={picked} onPick={(next) => onPick(next, bars)} />
      </svg>
    </div>
  );
}

function logTicks([low, high]: number[]): number[] {
  const ticks: number[] = [];
  for (let power = -2; power <= 8; power += 1) ticks.push(10 ** power);
  return ticks.filter((tick) => tick >= low! && tick <= high!);
}

interface HandlesProps {
  bars: Bar[];
  barWidth: number;
  picked: [number, number] | undefined;
  onPick: (picked: [number, number]) => void;
}

/** Two sliders: arrows move by one bar, Shift by five. */
function Handles({ bars, barWidth, picked, onPick }: HandlesProps) {
  const [first, last] = picked ?? [0, bars.length - 1];
  const onKey = (isFirst: boolean) => (event: KeyboardEvent) => {
    const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (sign === undefined) return;
    event.preventDefault();
    const by = sign * (event.shiftKey ? 5 : 1);
    if (isFirst) onPick([Math.max(0, Math.min(last, first + by)), last]);
    else onPick([first, Math.min(bars.length - 1, Math.max(first, last + by))]);
  };
  return (
    <>
      {[true, false].map((isFirst) => {
        const value = isFirst ? bars[first]!.from : bars[last]!.to;
        return (
          <rect
            key={String(isFirst)}
            className="histogram-handle"
            role="slider"
            tabIndex={0}
            aria-label={isFirst ? 'Shortest response time' : 'Longest response time'}
            aria-valuemin={Math.round(bars[0]!.from)}
            aria-valuemax={Math.round(bars.at(-1)!.to)}
            aria-valuenow={Math.round(value)}
            aria-valuetext={duration(value)}
            x={(isFirst ? first : last + 1) * barWidth - 2}
            y={0}
            width={4}
            height={HEIGHT}
            onKeyDown={onKey(isFirst)}
          />
        );
      })}
    </>
  );
}
