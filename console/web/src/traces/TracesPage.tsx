// Traces of a range: a filter expression, groups that narrow it, and the list, newest first.
import Button from '@cloudscape-design/components/button';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import type { TraceList } from '../api/generated/TraceList';
import { serverNow } from '../api/live';
import { useGraph, useMatched, useTraces } from '../api/queries';
import { Copy } from '../app/Copy';
import { Failure } from '../app/Failure';
import { Loading } from '../app/Loading';
import { useShortcuts } from '../app/useShortcuts';
import { useTabStatus } from '../app/useTabStatus';
import { FilterField } from '../filter/FilterField';
import { and } from '../filter/expression';
import { useAddress, useRange } from '../location/address';
import { rememberResults } from '../location/results';
import { activeIssues } from '../now/issue';
import { count, plural } from '../quantity';
import { EmptyTraces } from './EmptyTraces';
import { Slices } from './Slices';
import { TraceTable } from './TraceTable';

export default function TracesPage() {
  const range = useRange();
  const { params, change } = useAddress();
  const filter = params.get('filter') ?? '';
  const by = params.get('by') ?? 'url';
  const [frozenAt, setFrozenAt] = useState(() => serverNow());
  const question = { range, filter, by };
  const traces = useTraces(question, frozenAt);
  const renew = () => setFrozenAt(serverNow());
  useEffect(renew, [range.text, filter, by]);
  useShortcuts({ r: renew });
  const graph = useGraph(range).data;
  useTabStatus(graph ? activeIssues(graph).length : 0);

  // After a question that failed, the last answer stays, marked as old.
  const kept = useRef(traces.data);
  if (traces.data) kept.current = traces.data;
  const pages = kept.current?.pages;
  const first = pages?.[0];
  const rows = pages?.flatMap((page) => page.traces) ?? [];
  // From inside of a trace, `.` and `,` walk what is listed here.
  useEffect(() => rememberResults(rows.map((row) => row.id), first?.matched ?? 0), [pages]);
  const hasBadFilter = traces.error instanceof ApiError && traces.error.filter !== undefined;
  const run = (expression: string) => {
    change({ filter: expression }, false);
    renew();
  };
  return (
    <div className="page traces">
      <h1 className="visually-hidden">Traces</h1>
      <FilterField value={filter} onRun={run} />
      {first?.filter && first.filter !== filter && !traces.isPlaceholderData && (
        <p className="expression canonical">
          <span className="muted">understood as</span> <code>{first.filter}</code> <Copy text={first.filter} what="filter expression" />
        </p>
      )}
      {traces.error && !hasBadFilter && (
        <Failure error={traces.error} retry={() => void traces.refetch()} stale={first ? 'the question before' : undefined} />
      )}
      {hasBadFilter && (
        <p className="filter-note is-wrong" role="alert">
          {traces.error?.message}
        </p>
      )}
      {!first && traces.isPending && <Loading label="Looking for traces" />}
      {first && (
        <div className={traces.isPlaceholderData || traces.error ? 'is-old' : undefined}>
          <Slices list={first} by={by} onBy={(next) => change({ by: next === 'url' ? undefined : next })} onNarrow={(term) => run(and(filter, term))} />
          <Progress list={first} question={question} isCurrent={!traces.isPlaceholderData} onRenew={renew} />
          {rows.length === 0 ? (
            <EmptyTraces list={first} filter={filter} range={range} onRun={run} />
          ) : (
            <TraceTable rows={rows} onFilter={(term) => run(and(filter, term))} />
          )}
          {traces.hasNextPage && rows.length > 0 && (
            <div className="traces-more">
              <Button loading={traces.isFetchingNextPage} onClick={() => void traces.fetchNextPage()}>
                Show more
              </Button>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

interface ProgressProps {
  list: TraceList;
  question: Parameters<typeof useMatched>[0];
  isCurrent: boolean;
  onRenew: () => void;
}

function Progress({ list, question, isCurrent, onRenew }: ProgressProps) {
  const matched = useMatched(question, question.range.kind === 'relative');
  // In a sliding window old traces leave while new ones come: what matched since is a lower bound, and honest as such.
  const fresh = isCurrent && matched.data ? Math.max(0, matched.data.matched - list.matched) : 0;
  return (
    <div className="traces-progress">
      <span>
        <strong>{count(list.matched)} matched</strong> · {count(list.scanned)} scanned · {list.complete ? 'complete' : 'newest first, more available'}
      </span>
      {fresh > 0 && (
        <button type="button" className="pill" onClick={onRenew}>
          {plural(fresh, 'new trace')}
        </button>
      )}
    </div>
  );
}
