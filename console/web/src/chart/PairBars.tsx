// Two sets over one axis, one above the other, each as shares of itself; a brush over both, by pointer and by keyboard.
import type { KeyboardEvent } from 'react';
import { useSize } from '../ui/useSize';
import { useBrush } from './useBrush';
import './strip.css';

export interface PairBar {
  /** Where the bar begins and ends, in words. */
  from: string;
  to: string;
  a: number;
  b: number;
}

interface PairBarsProps {
  bars: PairBar[];
  totals: { a: number; b: number };
  /** What is counted along the axis, as in "Response time". */
  label: string;
  /** Bars that have their beginning written below. */
  isTick: (index: number) => boolean;
  picked: [number, number] | undefined;
  onPick: (picked: [number, number] | undefined) => void;
}

const HALF = 62;
const GAP = 8;
const HEIGHT = HALF * 2 + GAP;
const SIDES = ['a', 'b'] as const;

export function PairBars({ bars, totals, label, isTick, picked, onPick }: PairBarsProps) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  const barWidth = width / Math.max(1, bars.length);
  const shareOf = (bar: PairBar, side: 'a' | 'b') => (totals[side] === 0 ? 0 : bar[side] / totals[side]);
  const most = Math.max(1e-9, ...bars.flatMap((bar) => SIDES.map((side) => shareOf(bar, side))));
  const snap = ([from, to]: [number, number]): [number, number] => {
    const first = Math.max(0, Math.min(bars.length - 1, Math.floor(from / barWidth + 0.2)));
    return [first, Math.max(first, Math.min(bars.length - 1, Math.ceil(to / barWidth - 0.2) - 1))];
  };
  const brush = useBrush({
    width,
    height: HEIGHT,
    selection: picked && [picked[0] * barWidth, (picked[1] + 1) * barWidth],
    onEnd: (pixels) => onPick(pixels && snap(pixels)),
  });
  return (
    <div ref={frame} className="pair-bars">
      <svg width={width} height={HEIGHT + 18} role="group" aria-label={`${label} of both sets`}>
        {SIDES.map((side, row) => (
          <g key={side} transform={`translate(0 ${row * (HALF + GAP)})`}>
            {bars.map((bar, index) => {
              const height = bar[side] === 0 ? 0 : Math.max(1.5, (shareOf(bar, side) / most) * (HALF - 2));
              const isIn = picked === undefined || (index >= picked[0] && index <= picked[1]);
              return height === 0 ? null : (
                <rect key={index} className={`pair-${side}${isIn ? '' : ' is-out'}`} x={index * barWidth + 0.5} width={Math.max(1, barWidth - 1)} y={HALF - height} height={height} />
              );
            })}
            <line className="strip-base" x1={0} x2={width} y1={HALF + 0.5} y2={HALF + 0.5} />
            <text className="pair-name" x={3} y={12} aria-hidden="true">
              {side.toUpperCase()}
            </text>
          </g>
        ))}
        {bars.map((bar, index) =>
          isTick(index) ? (
            <text key={index} className="strip-tick" x={index * barWidth} y={HEIGHT + 14}>
              {bar.from}
            </text>
          ) : null,
        )}
        <g ref={brush} className="brush" />
        {bars.length > 0 && <Handles bars={bars} barWidth={barWidth} label={label} picked={picked ?? [0, bars.length - 1]} onPick={onPick} />}
      </svg>
    </div>
  );
}

interface HandlesProps {
  bars: PairBar[];
  barWidth: number;
  label: string;
  picked: [number, number];
  onPick: (picked: [number, number]) => void;
}

/** Two sliders: arrows move by one bar, Shift by five. */
function Handles({ bars, barWidth, label, picked: [first, last], onPick }: HandlesProps) {
  const onKey = (isFirst: boolean) => (event: KeyboardEvent) => {
    const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (sign === undefined) return;
    event.preventDefault();
    const by = sign * (event.shiftKey ? 5 : 1);
    if (isFirst) onPick([Math.max(0, Math.min(last, first + by)), last]);
    else onPick([first, Math.min(bars.length - 1, Math.max(first, last + by))]);
  };
  return [true, false].map((isFirst) => (
    <rect
      key={String(isFirst)}
      className="histogram-handle"
      role="slider"
      tabIndex={0}
      aria-label={`${label}, ${isFirst ? 'from' : 'to'}`}
      aria-valuemin={0}
      aria-valuemax={bars.length}
      aria-valuenow={isFirst ? first : last + 1}
      aria-valuetext={isFirst ? bars[first]!.from : bars[last]!.to}
      x={(isFirst ? first : last + 1) * barWidth - 2}
      y={0}
      width={4}
      height={HEIGHT}
      onKeyDown={onKey(isFirst)}
    />
  ));
}
