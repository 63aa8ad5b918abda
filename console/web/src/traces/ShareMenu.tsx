// What can be taken away from the list: files, a link that lasts, and the same question for other clients.
import { useState } from 'react';
import { address, curlFor } from '../api/client';
import type { TraceRow } from '../api/generated/TraceRow';
import { Copy } from '../ui/Copy';
import { download } from '../ui/download';
import { notify } from '../ui/Notice';
import { awsCli } from '../api/operation';
import { lastingLink } from '../shell/useActions';
import { boundsOf } from '../location/range';
import { plural } from '../quantity';
import { csvOf, documentsOf } from './export';
import type { TraceQuestion } from './queries';

interface ShareProps {
  /** What is ticked, or all that is shown. */
  rows: TraceRow[];
  isTicked: boolean;
  question: TraceQuestion;
  frozenAt: number;
}

export function ShareMenu({ rows, isTicked, question, frozenAt }: ShareProps) {
  const [isFetching, setFetching] = useState(false);
  const { from, to } = boundsOf(question.range, frozenAt);
  const input = { StartTime: Math.floor(from / 1000), EndTime: Math.ceil(to / 1000), ...(question.filter === '' ? {} : { FilterExpression: question.filter }) };
  const save = () => {
    setFetching(true);
    documentsOf(rows.map((row) => row.id))
      .then((text) => download('traces.json', text), (error: Error) => notify(error.message))
      .finally(() => setFetching(false));
  };
  return (
    <details className="list-menu">
      <summary>Export</summary>
      <div className="list-menu-body">
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
    </details>
  );
}
