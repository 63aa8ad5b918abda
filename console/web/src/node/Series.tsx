// Requests of one node over the range, minute by minute, as bars and as a table.
import { scaleTime } from 'd3-scale';
import { useMemo } from 'react';
import type { NodeDetail } from '../api/generated/NodeDetail';
import { useSize } from '../ui/useSize';
import { OutcomeTable } from '../chart/OutcomeTable';
import { StackedBars, totalOf } from '../chart/StackedBars';
import { count } from '../quantity';
import '../chart/strip.css';

const MINUTE_MS = 60_000;
const HEIGHT = 110;
const MOST_BARS = 90;

export function Series({ detail: { series, node }, from, to }: { detail: NodeDetail; from: number; to: number }) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  const start = Math.max(from, series[0]?.at ?? from);
  const x = useMemo(() => scaleTime([new Date(start), new Date(to)], [0, width]), [start, to, width]);
  const step = Math.max(1, Math.ceil((to - start) / MINUTE_MS / MOST_BARS)) * MINUTE_MS;
  const points = useMemo(() => joined(series, step), [series, step]);
  if (series.length === 0) return <p className="panel-note">No finished requests in this range.</p>;
  const sum = points.reduce((all, point) => all + totalOf(point), 0);
  const faults = points.reduce((all, point) => all + point.fault, 0);
  return (
    <div className="series">
      <p className="muted">Requests per {step === MINUTE_MS ? 'minute' : `${step / MINUTE_MS} minutes`} of receipt.</p>
      <div ref={frame}>
        <svg width={width} height={HEIGHT + 16} role="img" aria-label={`${count(sum)} requests to ${node.name}, ${count(faults)} of them faults`}>
          <StackedBars points={points} step={step} x={x} width={width} height={HEIGHT} />
        </svg>
      </div>
      <OutcomeTable points={points} label={`Requests to ${node.name} over time as a table`} />
    </div>
  );
}

export function joined(series: NodeDetail['series'], step: number): NodeDetail['series'] {
  const bars = new Map<number, NodeDetail['series'][number]>();
  for (const point of series) {
    const at = Math.floor(point.at / step) * step;
    const bar = bars.get(at) ?? { at, ok: 0, error: 0, throttle: 0, fault: 0 };
    bars.set(at, {
      at,
      ok: bar.ok + point.ok,
      error: bar.error + point.error,
      throttle: bar.throttle + point.throttle,
      fault: bar.fault + point.fault,
    });
  }
  return [...bars.values()];
}
