// Traces of a range: a filter, a picture and groups that narrow it, the list, and one trace beside it.
import Button from '@cloudscape-design/components/button';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { serverNow } from '../api/live';
import { Copy } from '../ui/Copy';
import { Failure } from '../ui/Failure';
import { Listed } from '../ui/Listed';
import { Loading } from '../ui/Loading';
import { useShortcuts } from '../ui/useShortcuts';
import { useTitle } from '../ui/useTabStatus';
import { FilterField } from '../filter/FilterField';
import { and } from '../filter/expression';
import { go, linkTo, useAddress, useRange } from '../location/address';
import { usePreferences } from '../location/preference';
import { rememberResults } from '../location/results';
import { annotationsOf } from './columns';
import { EmptyTraces } from './EmptyTraces';
import { FacetBar } from './FacetBar';
import { ListBar } from './ListBar';
import { OverTime } from './OverTime';
import { Picture } from './Picture';
import { Preview } from './Preview';
import { useFacets, useOverTime, useTraceList, type TraceQuestion } from './queries';
import { Slices } from './Slices';
import { TraceTable } from './TraceTable';
import { Views } from '../views/Views';
import { useRowInPlace } from './useRowInPlace';
import './list-menu.css';
import './trace-list.css';
import './traces.css';

export default function TracesPage() {
  const range = useRange();
  const { params, change } = useAddress();
  const filter = params.get('filter') ?? '';
  const by = params.get('by') ?? 'url';
  const sort = params.get('sort') ?? '';
  const annotations = annotationsOf(usePreferences().traceColumns);
  const [frozenAt, setFrozenAt] = useState(() => serverNow());
  const [scan, setScan] = useState<number>();
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const question: TraceQuestion = { range, filter, by, sort, scan, annotations };
  const traces = useTraceList(question, frozenAt);
  const renew = () => setFrozenAt(serverNow());
  useEffect(() => {
    renew();
    setScan(undefined);
    setTicked(new Set());
  }, [range.text, filter]);
  useTitle('Traces');
  const isOverTime = params.get('course') === '1';
  const isThere = traces.data !== undefined && !traces.isPlaceholderData;
  const facets = useFacets(question, frozenAt, isThere);
  const overTime = useOverTime(question, frozenAt, isThere && isOverTime);

  // After a question that failed, the last answer stays, marked as old.
  const kept = useRef(traces.data);
  if (traces.data) kept.current = traces.data;
  const pages = kept.current?.pages;
  const first = pages?.[0];
  const rows = pages?.flatMap((page) => page.traces) ?? [];
  // From inside of a trace, `.` and `,` walk what is listed here.
  useEffect(() => rememberResults(rows.map((row) => row.id), first?.matched ?? 0), [pages]);
  const shown = params.get('show') ?? undefined;
  const show = (id: string | undefined) => change({ show: id });
  const frame = useRowInPlace(shown);
  const walk = (by: 1 | -1) => {
    const at = rows.findIndex((row) => row.id === shown);
    const next = rows[at < 0 ? 0 : at + by];
    if (next) show(next.id);
  };
  useShortcuts({ r: renew, '.': () => walk(1), ',': () => walk(-1), Escape: () => show(undefined) });
  const hasBadFilter = traces.error instanceof ApiError && traces.error.filter !== undefined;
  const run = (expression: string) => {
    change({ filter: expression, show: undefined }, false);
    renew();
  };
  const narrow = (term: string) => run(and(filter, term));
  const tick = (id: string) => setTicked((now) => new Set(now.has(id) ? [...now].filter((one) => one !== id) : [...now, id]));
  return (
    <div className={shown === undefined ? 'traces-layout' : 'traces-layout has-preview'}>
      <div className="page traces" ref={frame}>
        <h1 className="visually-hidden">Traces</h1>
        <FilterField value={filter} onRun={run} />
        <div className="traces-filter-actions">
          {first?.filter && first.filter !== filter && !traces.isPlaceholderData && (
            <p className="expression canonical">
              <span className="muted">understood as</span> <code>{first.filter}</code> <Copy text={first.filter} what="filter expression" />
            </p>
          )}
          <Views page="/traces" />
          {filter !== '' && !hasBadFilter && (
            <>
              <Button variant="inline-link" onClick={() => go(linkTo('/analytics', { a: filter }))}>
                Compare to the rest
              </Button>
              <Button variant="inline-link" onClick={() => go(linkTo('/groups', { dialog: 'new', with: filter }))}>
                Save as group
              </Button>
            </>
          )}
        </div>
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
            <div className="facets-place">
              {facets.data && first.matched > 0 && <FacetBar facets={facets.data} isOld={facets.isPlaceholderData} onNarrow={narrow} onBy={(next) => change({ by: next === 'url' ? undefined : next })} />}
            </div>
            {first.matched > 0 && (
              <div className="traces-top">
                <Picture heatmap={first.heatmap} filter={filter} />
                <Slices
                  list={first}
                  by={by}
                  isOverTime={isOverTime}
                  onOverTime={(next) => change({ course: next ? '1' : undefined })}
                  overTime={
                    <Listed asked={overTime} label="what happened over time">
                      {(data) => <OverTime data={data} by={by} onNarrow={narrow} />}
                    </Listed>
                  }
                  onBy={(next) => change({ by: next === 'url' ? undefined : next })}
                  onNarrow={narrow}
                />
              </div>
            )}
            <ListBar list={first} rows={rows} ticked={ticked} question={question} frozenAt={frozenAt} isCurrent={!traces.isPlaceholderData} onRenew={renew} onScan={setScan} />
            {rows.length === 0 ? (
              <EmptyTraces list={first} filter={filter} range={range} onRun={run} />
            ) : (
              <TraceTable
                rows={rows}
                onFilter={narrow}
                list={{ sort, onSort: (next) => change({ sort: next === '-start' ? undefined : next }), ticked, onTick: tick, shown, onShow: (id) => show(id === shown ? undefined : id) }}
              />
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
      {shown !== undefined && <Preview key={shown} id={shown} onClose={() => show(undefined)} />}
    </div>
  );
}
