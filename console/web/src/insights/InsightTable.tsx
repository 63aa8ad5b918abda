// The list of insights, newest first.
import { serverNow } from '../api/live';
import { count, duration, instant, plural, shareOf } from '../quantity';
import type { InsightSummary } from './queries';

const COLUMNS = ['State', 'Issue', 'Root cause', 'Affected', 'Since', 'Lasted', 'Group'];

export function InsightTable({ insights }: { insights: InsightSummary[] }) {
  return (
    <div className="scrolls" tabIndex={0} role="region" aria-label="Insights">
      <table className="grid">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {insights.map((insight) => {
            const started = insight.StartTime * 1000;
            const ended = insight.EndTime == null ? serverNow() : insight.EndTime * 1000;
            const impact = insight.ClientRequestImpactStatistics;
            const isActive = insight.State === 'ACTIVE';
            return (
              <tr key={insight.InsightId}>
                <td className="nowrap">
                  <span className={isActive ? 'status-word outcome-text-fault' : 'status-word muted'}>{isActive ? '● active' : '○ closed'}</span>
                </td>
                <td>{insight.Summary ?? (insight.Categories ?? []).join(', ')}</td>
                <td>{insight.RootCauseServiceId?.Name ?? '–'}</td>
                <td className="nowrap">
                  {impact?.TotalCount ? `${count(impact.FaultCount ?? 0)} of ${plural(impact.TotalCount, 'request')} (${shareOf(impact.FaultCount ?? 0, impact.TotalCount)})` : '–'}
                </td>
                <td className="nowrap">{instant(started)}</td>
                <td className="nowrap">{duration(Math.round((ended - started) / 1000) * 1000)}</td>
                <td>{insight.GroupName}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
