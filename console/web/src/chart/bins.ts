// Joins the server's bins of response times to about forty bars on a linear or logarithmic axis.
import { scaleLinear, scaleLog, type ScaleContinuousNumeric } from 'd3-scale';
import type { HistogramBin } from '../api/generated/HistogramBin';

export interface Bar {
  /** Milliseconds, half-open. */
  from: number;
  to: number;
  count: number;
}

export interface Bars {
  bars: Bar[];
  isLog: boolean;
  scale: ScaleContinuousNumeric<number, number>;
}

const BARS = 40;
/** A long tail hides the body on a linear axis above this ratio. */
const LOG_ABOVE = 12;

function quantile(bins: HistogramBin[], part: number): number {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  let seen = 0;
  for (const bin of bins) {
    seen += bin.count;
    if (seen >= total * part) return bin.value;
  }
  return bins.at(-1)?.value ?? 0;
}

export function barsOf(bins: HistogramBin[], width: number): Bars {
  const least = Math.max(0.05, bins[0]?.value ?? 1);
  const most = Math.max(least * 1.05, bins.at(-1)?.value ?? 1);
  const isLog = quantile(bins, 0.99) / Math.max(0.05, quantile(bins, 0.5)) > LOG_ABOVE;
  const low = isLog ? least / 1.02 : 0;
  const high = most * 1.02;
  const scale = (isLog ? scaleLog() : scaleLinear()).domain([low, high]).range([0, width]);
  const edges = Array.from({ length: BARS + 1 }, (_, index) =>
    isLog ? low * (high / low) ** (index / BARS) : low + ((high - low) * index) / BARS,
  );
  const bars = edges.slice(0, -1).map((from, index): Bar => ({ from, to: edges[index + 1]!, count: 0 }));
  for (const bin of bins) {
    const part = isLog ? Math.log(Math.max(bin.value, low) / low) / Math.log(high / low) : (bin.value - low) / (high - low);
    bars[Math.max(0, Math.min(BARS - 1, Math.floor(part * BARS)))]!.count += bin.count;
  }
  return { bars, isLog, scale };
}
