// Requests around an insight, with the versions that came and the steps of the insight, on one axis of time.
import { scaleTime } from 'd3-scale';
import type { InsightEntry } from '../api/generated/InsightEntry';
import type { InsightEvent } from '../api/generated/InsightEvent';
import { StackedBars } from '../chart/StackedBars';
import { useHistory } from '../now/queries';
import { VersionList, VersionMarks } from '../now/VersionMarks';
import { instant } from '../quantity';
import { useSize } from '../ui/useSize';
import '../chart/strip.css';

/** Before and after it. */
const MARGIN_MS = 15 * 60_000;
const MINUTE_MS = 60_000;
const BAR_HEIGHT = 56;
/** Of the bar of the insight, below the axis. */
const SPAN = { top: BAR_HEIGHT + 20, height: 8 };

export function Timeline({ insight, events, steps, now }: { insight: InsightEntry; events: InsightEvent[]; steps: Record<string, string>; now: number }) {
  const [frame, { width }] = useSize<HTMLDivElement>();
  // Whole minutes, so that an active one is not asked about anew each time.
  const from = Math.floor((insight.since - MARGIN_MS) / MINUTE_MS) * MINUTE_MS;
  const to = Math.ceil(Math.min(now, (insight.until ?? now) + MARGIN_MS) / MINUTE_MS) * MINUTE_MS;
  const { data: history } = useHistory({ from, to }, insight.group, insight.isActive);
  const x = scaleTime([new Date(from), new Date(to)], [0, width]);
  const at = (ms: number) => Math.max(0, Math.min(width, x(new Date(ms))));
  const [start, end] = [at(insight.since), at(insight.until ?? now)];
  return (
    <section aria-label="Timeline">
      <h2>Timeline</h2>
      <div ref={frame} className="strip-chart">
        {history && (
          <svg width={width} height={SPAN.top + SPAN.height} role="img" aria-label="Client requests around the insight, versions that came, and its steps">
            <StackedBars points={history.points} step={history.step} x={x} width={width} height={BAR_HEIGHT} />
            <VersionMarks versions={history.versions} x={x} width={width} height={BAR_HEIGHT} />
            <rect className="insight-span" x={start} y={SPAN.top} width={Math.max(3, end - start)} height={SPAN.height} />
            {events.map((event, place) => (
              <line key={place} className="insight-step" x1={at(event.at)} x2={at(event.at)} y1={SPAN.top - 3} y2={SPAN.top + SPAN.height}>
                <title>{`${steps[event.kind] ?? event.kind} ${instant(event.at)}`}</title>
              </line>
            ))}
          </svg>
        )}
      </div>
      {history && history.versions.length > 0 ? <VersionList versions={history.versions} /> : <p className="muted small">No new version was seen in this time.</p>}
    </section>
  );
}
