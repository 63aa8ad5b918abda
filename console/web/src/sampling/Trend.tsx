// Requests that SDKs reported of a rule, window by window, with what was sampled of them.
import type { SamplingWindow } from '../api/generated/SamplingWindow';
import { count, plural } from '../quantity';

const WIDTH = 120;
const HEIGHT = 26;

export interface Sums {
  requests: number;
  sampled: number;
  borrowed: number;
}

export function sumsOf(trend: SamplingWindow[]): Sums {
  const sum = (key: keyof Sums) => trend.reduce((total, window) => total + window[key], 0);
  return { requests: sum('requests'), sampled: sum('sampled'), borrowed: sum('borrowed') };
}

export function Trend({ trend }: { trend: SamplingWindow[] }) {
  const sums = sumsOf(trend);
  if (sums.requests === 0) return <span className="muted small">no reports</span>;
  const most = Math.max(...trend.map((window) => window.requests));
  const step = WIDTH / trend.length;
  const height = (amount: number) => Math.max(amount > 0 ? 1 : 0, (amount / most) * HEIGHT);
  return (
    <svg
      className="trend"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`${plural(sums.requests, 'request')} in five minutes, ${count(sums.sampled)} sampled; at most ${count(most)} in ten seconds`}
    >
      {trend.map((window, place) => {
        const all = height(window.requests);
        const kept = Math.min(all, height(window.sampled));
        return (
          <g key={window.at}>
            <rect className="trend-all" x={place * step} y={HEIGHT - all} width={step - 1} height={all} />
            <rect className="trend-kept" x={place * step} y={HEIGHT - kept} width={step - 1} height={kept} />
          </g>
        );
      })}
    </svg>
  );
}
