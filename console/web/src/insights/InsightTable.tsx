// The list of insights, newest first.
import { Link } from 'wouter';
import type { InsightCategory } from '../api/generated/InsightCategory';
import type { InsightEntry } from '../api/generated/InsightEntry';
import { serverNow } from '../api/live';
import { linkTo } from '../location/address';
import { spokenName } from '../map/display-name';
import { count, duration, instant, plural, shareOf } from '../quantity';

const COLUMNS = ['State', 'What', 'Issue', 'Root cause', 'Affected', 'Since', 'Lasted', 'Group'];

export const CATEGORY: Record<InsightCategory, string> = { fault: 'fails', latency: 'slow', traffic: 'silent' };

export function InsightTable({ insights }: { insights: InsightEntry[] }) {
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
          {insights.map((insight) => (
            <Row key={insight.id} insight={insight} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ insight }: { insight: InsightEntry }) {
  const ended = insight.until ?? serverNow();
  // Clients see failures; who is slow or silent is counted where that is.
  const { failing, total } = insight.clients.failing > 0 ? insight.clients : insight.origin;
  return (
    <tr>
      <td className="nowrap">
        <span className={insight.isActive ? 'status-word outcome-text-fault' : 'status-word muted'}>{insight.isActive ? '● active' : '○ closed'}</span>
      </td>
      <td className="nowrap">{CATEGORY[insight.category]}</td>
      <td>
        <Link className="text-link" href={linkTo(`/insights/${encodeURIComponent(insight.id)}`)}>
          {insight.summary}
        </Link>
        {insight.note?.isAcknowledged && <div className="muted small">{insight.note.by || 'Somebody'} looks after it</div>}
      </td>
      <td>{spokenName(insight.node)}</td>
      <td className="nowrap">{total > 0 ? `${count(failing)} of ${plural(total, 'request')} (${shareOf(failing, total)})` : '–'}</td>
      <td className="nowrap">{instant(insight.since)}</td>
      <td className="nowrap">{duration(Math.round((ended - insight.since) / 1000) * 1000)}</td>
      <td>{insight.group}</td>
    </tr>
  );
}
