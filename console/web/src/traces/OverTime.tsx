// What the values of one property did over time, a row each: how many, how many of them went wrong, and how long they took.
import { useMemo } from 'react';
import type { BreakdownOverTime } from '../api/generated/BreakdownOverTime';
import type { SliceMoment } from '../api/generated/SliceMoment';
import type { SliceOverTime } from '../api/generated/SliceOverTime';
import { fieldName } from '../analytics/field';
import { roundTimes } from '../chart/ticks';
import { OUTCOMES } from '../outcome/outcome';
import { count, duration, plural, rate, share } from '../quantity';
import { timeWord } from './Heatmap';
import './over-time.css';

const WIDTH = 160;
const HEIGHT = 30;

interface OverTimeProps {
  data: BreakdownOverTime;
  by: string;
  onNarrow: (filter: string) => void;
}

const totalOf = (counts: Pick<SliceMoment, 'ok' | 'error' | 'throttle' | 'fault'>) => OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);

export function OverTime({ data, by, onNarrow }: OverTimeProps) {
  const { slices, start, step, columns } = data;
  // Every row has the same scale, or the smallest would look like the largest.
  const most = useMemo(
    () => ({
      count: Math.max(1, ...slices.flatMap(({ points }) => points.map(totalOf))),
      time: Math.max(1, ...slices.flatMap(({ points }) => points.map(({ p95 }) => p95 ?? 0))),
    }),
    [slices],
  );
  const word = timeWord(step);
  const end = start + columns * step;
  return (
    <div className="over-time" role="region" aria-label={`${fieldName(by)} over time`} tabIndex={0}>
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">{fieldName(by)}</th>
            <th scope="col">Rate</th>
            <th scope="col">Went wrong</th>
            <th scope="col">p50 and p95</th>
          </tr>
        </thead>
        <tbody>
          {slices.map((slice) => (
            <Row key={`${slice.value} ${slice.filter}`} slice={slice} data={data} most={most} onNarrow={onNarrow} />
          ))}
          <tr className="over-time-axis" aria-hidden="true">
            <th />
            {[0, 1, 2].map((column) => (
              <td key={column}>
                <svg width={WIDTH} height={14}>
                  {roundTimes(start, end, 2).map((time) => (
                    <text key={time} className="strip-tick" x={((time - start) / (end - start)) * WIDTH} y={11}>
                      {word(time)}
                    </text>
                  ))}
                </svg>
              </td>
            ))}
          </tr>
        </tbody>
      </table>
      {data.others > 0 && (
        <p className="muted small">
          {plural(data.others, 'less frequent value')} with {plural(data.otherTraces, 'trace')} {data.others === 1 ? 'is' : 'are'} not drawn.
        </p>
      )}
      {!data.complete && <p className="muted small">Of the newest {count(data.scanned)} traces of the range.</p>}
    </div>
  );
}

interface RowProps {
  slice: SliceOverTime;
  data: BreakdownOverTime;
  most: { count: number; time: number };
  onNarrow: (filter: string) => void;
}

function Row({ slice, data: { columns, step }, most, onNarrow }: RowProps) {
  const name = slice.label ?? slice.value ?? 'none';
  const { filter, points } = slice;
  const all = totalOf(slice);
  const bad = (all - slice.ok) / Math.max(1, all);
  const bar = WIDTH / columns;
  const worst = points.reduce((worst, point) => Math.max(worst, (totalOf(point) - point.ok) / totalOf(point)), 0);
  return (
    <tr>
      <th scope="row" className="clip" title={name}>
        {filter ? (
          <button type="button" className="text-link plain" title={`Narrow to ${filter}`} onClick={() => onNarrow(filter)}>
            {name}
          </button>
        ) : (
          <span className={slice.value == null ? 'muted' : undefined}>{name}</span>
        )}
      </th>
      <td>
        <Picture label={`${plural(all, 'trace')}, at most ${count(Math.max(0, ...points.map(totalOf)))} in ${duration(step)}`}>
          {points.map((point) => (
            <Column key={point.column} x={point.column * bar} width={bar} height={(totalOf(point) / most.count) * HEIGHT} tone="ok" />
          ))}
        </Picture>
        <span className="muted small nowrap">{rate(all, columns * step)}</span>
      </td>
      <td>
        <Picture label={`${share(bad)} went wrong, at most ${share(worst)} in ${duration(step)}`}>
          {points.map((point) => {
            const part = (totalOf(point) - point.ok) / totalOf(point);
            return part > 0 && <Column key={point.column} x={point.column * bar} width={bar} height={part * HEIGHT} tone={point.fault > 0 ? 'fault' : point.throttle > 0 ? 'throttle' : 'error'} />;
          })}
        </Picture>
        <span className="muted small nowrap">{share(bad)}</span>
      </td>
      <td>
        <Picture label={`p50 ${duration(slice.p50)}, p95 ${duration(slice.p95)}`}>
          {points.map((point) => {
            if (point.p50 == null || point.p95 == null) return null;
            const y = (ms: number) => HEIGHT - 2 - (Math.log1p(ms) / Math.log1p(most.time)) * (HEIGHT - 4);
            const x = (point.column + 0.5) * bar;
            return (
              <g key={point.column}>
                <line className="over-time-spread" x1={x} x2={x} y1={y(point.p50)} y2={y(point.p95)} strokeWidth={Math.max(1, bar - 1)} />
                <line className="over-time-median" x1={x - Math.max(0.5, bar / 2 - 0.5)} x2={x + Math.max(0.5, bar / 2 - 0.5)} y1={y(point.p50)} y2={y(point.p50)} />
              </g>
            );
          })}
        </Picture>
        <span className="muted small nowrap">
          {duration(slice.p50)} {duration(slice.p95)}
        </span>
      </td>
    </tr>
  );
}

function Picture({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <svg className="over-time-picture" width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <title>{label}</title>
      <line className="strip-base" x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      {children}
    </svg>
  );
}

function Column({ x, width, height, tone }: { x: number; width: number; height: number; tone: string }) {
  const least = Math.max(1.5, height);
  return <rect className={`bar-${tone}`} x={x} width={Math.max(1, width - 0.6)} y={HEIGHT - least} height={least} />;
}
