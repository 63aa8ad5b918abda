// What can be taken away from the list: files, a link that lasts, and the same question for other clients.
import { useState } from 'react';
import { address, curlFor } from '../api/client';
import type { TraceRow } from '../api/generated/TraceRow';
import { Copy } from '../ui/Copy';
import { download } from '../ui/download';
import { Menu } from '../ui/Menu';
import { notify } from '../ui/Notice';
import { awsCli } from '../api/operation';
import { lastingLink } from '../shell/useActions';
import { useGroup } from '../location/address';
import { boundsOf } from '../location/range';
import { plural } from '../quantity';
import { csvOf, documentsOf } from './export';
import type { TraceQuestion } from './queries';

const FORMATS = [
  ['json', 'JSON, as BatchGetTraces'],
  ['ndjson', 'NDJSON, a line a trace'],
  ['csv', 'CSV'],
] as const;

interface ShareProps {
  /** How many there are in all, in words. */
  matched: string;
  /** What is ticked, or all that is shown. */
  rows: TraceRow[];
  isTicked: boolean;
  question: TraceQuestion;
  frozenAt: number;
}

export function ShareMenu({ matched, rows, isTicked, question, frozenAt }: ShareProps) {
  const [isFetching, setFetching] = useState(false);
  const group = useGroup();
  const { from, to } = boundsOf(question.range, frozenAt);
  const input = { StartTime: Math.floor(from / 1000), EndTime: Math.ceil(to / 1000), ...(question.filter === '' ? {} : { FilterExpression: question.filter }) };
  const save = () => {
    setFetching(true);
    documentsOf(rows.map((row) => row.id))
      .then((text) => download('traces.json', text), (error: Error) => notify(error.message))
      .finally(() => setFetching(false));
  };
  const whole = (format: string) => address('/api/traces/export', { from, to, filter: question.filter, group, format });
  return (
    <Menu className="list-menu" summary="Export">
      {() => (
        <div className="list-menu-body">
          <span className="muted small">{matched} that match, from the server</span>
          {FORMATS.map(([format, name]) => (
            <a key={format} className="text-link" href={whole(format)} download={`traces.${format}`}>
              {name}
            </a>
          ))}
          <span className="muted small">{plural(rows.length, isTicked ? 'ticked trace' : 'listed trace')}</span>
          <button type="button" onClick={() => download('traces.csv', csvOf(rows, question.annotations), 'text/csv')}>
            CSV
          </button>
          <button type="button" disabled={isFetching} onClick={save}>
            JSON, as BatchGetTraces
          </button>
          <Copy text={lastingLink(question.range)} what="a link that lasts" label="Copy link" />
          <Copy text={curlFor(address('/api/traces', { from, to, filter: question.filter, by: question.by, sort: question.sort }))} what="the question as a curl command" label="Copy as curl" />
          <Copy text={awsCli('GetTraceSummaries', input)} what="the question for the AWS CLI" label="Copy for the AWS CLI" />
        </div>
      )}
    </Menu>
  );
}
