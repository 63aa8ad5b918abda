// How long the traces of both sets took and when they began; a brush over either narrows what is compared.
import { useState } from 'react';
import type { Compare } from '../api/generated/Compare';
import { PairBars, type PairBar } from '../chart/PairBars';
import { PairTable } from '../chart/PairTable';
import { clockTime, duration, instant, minuteTime, plural } from '../quantity';

/** Milliseconds as seconds, without a rounding of ours: the edges of bins are short decimals. */
export function exactSeconds(ms: number): string {
  return String(Number((ms / 1000).toFixed(9)));
}

/** The round values of a decade, or of every decade where there are several. */
function isRound(ms: number, decades: number): boolean {
  const mantissa = Number((ms / 10 ** Math.floor(Math.log10(ms) + 1e-9)).toFixed(2));
  return decades > 2 ? mantissa === 1 : decades > 1 ? [1, 3.15].includes(mantissa) : [1, 2, 5].includes(mantissa);
}

interface ChartsProps {
  compare: Compare;
  onTime: (term: string) => void;
  onRange: (from: number, to: number) => void;
}

export function Charts({ compare, onTime, onRange }: ChartsProps) {
  return (
    <div className="charts">
      <Times compare={compare} onTime={onTime} />
      <Starts compare={compare} onRange={onRange} />
    </div>
  );
}

function Times({ compare, onTime }: { compare: Compare; onTime: (term: string) => void }) {
  const { times } = compare;
  const [picked, setPicked] = useState<[number, number]>();
  const bars: PairBar[] = times.map((bin) => ({ from: duration(bin.from), to: duration(bin.to), a: bin.a, b: bin.b }));
  const totals = { a: times.reduce((sum, bin) => sum + bin.a, 0), b: times.reduce((sum, bin) => sum + bin.b, 0) };
  const decades = times.length / 20;
  const valid = picked && picked[1] < times.length ? picked : undefined;
  const first = valid && times[valid[0]];
  const last = valid && times[valid[1]];
  const term = first && last ? `responsetime >= ${exactSeconds(first.from)} AND responsetime < ${exactSeconds(last.to)}` : undefined;
  return (
    <section className="chart" aria-labelledby="times-title">
      <h2 id="times-title">Response time</h2>
      {times.length === 0 ? (
        <p className="muted">No trace has ended yet.</p>
      ) : (
        <PairBars bars={bars} totals={totals} label="Response time" isTick={(index) => times[index]!.from > 0 && isRound(times[index]!.from, decades)} picked={valid} onPick={setPicked} />
      )}
      {term && valid ? (
        <p className="chart-picked">
          <code>{term}</code>{' '}
          <button type="button" className="text-link plain" onClick={() => { setPicked(undefined); onTime(term); }}>
            Narrow A to these
          </button>{' '}
          <button type="button" className="text-link plain" onClick={() => setPicked(undefined)}>
            Clear
          </button>
        </p>
      ) : (
        <PairTable bars={bars} totals={totals} label="Response time" />
      )}
    </section>
  );
}

function Starts({ compare, onRange }: { compare: Compare; onRange: (from: number, to: number) => void }) {
  const { series, step } = compare;
  const [picked, setPicked] = useState<[number, number]>();
  const word = step < 60_000 ? clockTime : step < 3_600_000 * 6 ? minuteTime : instant;
  const bars: PairBar[] = series.map((point) => ({ from: word(point.at), to: word(point.at + step), a: point.a, b: point.b }));
  const totals = { a: compare.a.traces, b: compare.b.traces };
  const every = Math.max(1, Math.ceil(series.length / 6));
  const valid = picked && picked[1] < series.length ? picked : undefined;
  return (
    <section className="chart" aria-labelledby="starts-title">
      <h2 id="starts-title">Start</h2>
      <PairBars bars={bars} totals={totals} label="Start" isTick={(index) => index % every === 0 && index < series.length - every / 2} picked={valid} onPick={setPicked} />
      {valid ? (
        <p className="chart-picked">
          {bars[valid[0]]!.from} to {bars[valid[1]]!.to}, {plural(series.slice(valid[0], valid[1] + 1).reduce((sum, point) => sum + point.a, 0), 'trace')} of A{' '}
          <button type="button" className="text-link plain" onClick={() => { setPicked(undefined); onRange(series[valid[0]]!.at, series[valid[1]]!.at + step); }}>
            Narrow the range
          </button>{' '}
          <button type="button" className="text-link plain" onClick={() => setPicked(undefined)}>
            Clear
          </button>
        </p>
      ) : (
        <PairTable bars={bars} totals={totals} label="Start" />
      )}
    </section>
  );
}
