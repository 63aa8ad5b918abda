// The time axis above the waterfall, and its lines through the rows.
import { duration } from '../quantity';
import type { Zoom } from './zoom';

interface TicksProps {
  ticks: readonly number[];
  from: number;
  to: number;
}

export function Ticks({ ticks, from, to, zoom, title, onAll }: TicksProps & { zoom: Zoom; title?: string; onAll: () => void }) {
  return (
    <div className="waterfall-axis">
      <span className="waterfall-axis-name">
        {title}
        {zoom && (
          <button type="button" className="text-link plain" title="Show the whole trace (Shift z)" onClick={onAll}>
            Show all of it
          </button>
        )}
      </span>
      <span className="waterfall-ticks" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ left: `${((tick - from) / (to - from)) * 100}%` }}>
            {tickText(tick, ticks)}
          </span>
        ))}
      </span>
    </div>
  );
}

/** With as many digits as tell one tick from the next, which a narrow window needs. */
function tickText(tick: number, ticks: readonly number[]): string {
  const text = duration(tick);
  const step = (ticks[1] ?? tick) - (ticks[0] ?? 0);
  if (tick === 0 || step <= 0 || ticks.every((other) => other === tick || duration(other) !== text)) return text;
  const [value, unit] = tick >= 1000 ? [tick / 1000, 's'] : [tick, 'ms'];
  const digits = Math.max(0, Math.ceil(-Math.log10(unit === 's' ? step / 1000 : step) - 1e-9));
  return `${value.toFixed(Math.min(9, digits))} ${unit}`;
}

export function TickLines({ ticks, from, to }: TicksProps) {
  const before = 'var(--tree) - var(--status)';
  return ticks.map((tick) => (
    <span
      key={tick}
      className="waterfall-line"
      style={{ left: `calc(var(--tree) + var(--status) + (100% - ${before} - var(--after)) * ${(tick - from) / (to - from)})` }}
      aria-hidden="true"
    />
  ));
}
