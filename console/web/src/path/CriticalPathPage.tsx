// Who kept clients waiting in many traces: each connection with its share of the time, and what if one were faster.
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../api/client';
import type { CriticalPaths } from '../api/generated/CriticalPaths';
import type { PathEdge } from '../api/generated/PathEdge';
import { serverNow } from '../api/live';
import { FilterField } from '../filter/FilterField';
import { linkTo, useAddress, useRange } from '../location/address';
import { spokenName } from '../map/display-name';
import { kindName } from '../map/kind';
import { count, duration, plural, share } from '../quantity';
import { NotEverything, Untold } from '../tree/NotEverything';
import { Copy } from '../ui/Copy';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useSettled } from '../ui/useSettled';
import { useTitle } from '../ui/useTabStatus';
import { lastingLink } from '../shell/useActions';
import { useCriticalPaths } from './queries';
import { fasterIn, LONGEST_MS, SLIDER_STEPS, slid, slideOf, words, type Faster } from './what-if';
import '../analytics/analytics.css';
import './path.css';

const SHOWN = 25;

export default function CriticalPathPage() {
  useTitle('Critical path');
  const range = useRange();
  const { params, change } = useAddress();
  const filter = params.get('filter') ?? '';
  const isPatient = params.get('patient') === '1';
  const [frozenAt, setFrozenAt] = useState(() => serverNow());
  useEffect(() => setFrozenAt(serverNow()), [range.text]);
  const faster = fasterIn(params);
  const settled = useSettled(faster?.by ?? 0);
  const asked = faster && { caller: faster.caller, node: faster.node, by: settled };
  const paths = useCriticalPaths(range, { filter, faster: asked, frozenAt, isPatient });
  const isBadFilter = paths.error instanceof ApiError && paths.error.filter !== undefined;
  const set = (next: Faster | undefined) => change({ node: next?.node, caller: next?.caller, faster: next && String(next.by) });
  const data = paths.data;
  return (
    <div className="page critical-path">
      <PageHead title="Critical path" actions={<Copy text={lastingLink(range)} what="a link that lasts" label="Link" />}>
        Who kept clients waiting: each moment of a request belongs to the call that was waited for just then. Shortening anything else would not have made it faster.
      </PageHead>
      <FilterField value={filter} onRun={(expression) => change({ filter: expression }, false)} />
      {paths.error &&
        (isBadFilter ? (
          <p className="filter-note is-wrong" role="alert">{paths.error.message}</p>
        ) : (
          <Failure error={paths.error} retry={() => void paths.refetch()} stale={data ? 'the question before' : undefined} />
        ))}
      {!data && paths.isPending && <Loading label="Adding up who was waited for" />}
      {data && (
        <div className={paths.isPlaceholderData && faster === undefined ? 'is-old' : undefined} aria-busy={paths.isPlaceholderData}>
          <Extent paths={data} isPatient={isPatient} onPatience={() => change({ patient: '1' })} />
          {data.edges.length === 0 ? (
            <p className="muted">No request of the range is over.</p>
          ) : (
            <>
              <WhatIf paths={data} faster={faster} isOld={paths.isPlaceholderData} onChange={set} />
              <Edges paths={data} faster={faster} onPick={(edge) => set({ caller: edge.source, node: edge.target, by: faster?.by ?? 100 })} />
            </>
          )}
        </div>
      )}
    </div>
  );
}

function Extent({ paths, isPatient, onPatience }: { paths: CriticalPaths; isPatient: boolean; onPatience: () => void }) {
  const { complete, scanned, reached, traces, untold, leftOut } = paths;
  return (
    <div className="path-extent" role="status">
      {complete ? (
        <p>All {plural(traces, 'request')} of the range that {traces === 1 ? 'is' : 'are'} over.</p>
      ) : (
        <NotEverything scanned={scanned} reached={reached} isPatient={isPatient} onPatience={onPatience} />
      )}
      {untold > 0 && <p><Untold untold={untold} /></p>}
      {leftOut > 0 && <p>{plural(leftOut, 'trace')} with more connections than are told apart {leftOut === 1 ? 'is' : 'are'} counted in part.</p>}
    </div>
  );
}

interface WhatIfProps {
  paths: CriticalPaths;
  faster: Faster | undefined;
  isOld: boolean;
  onChange: (faster: Faster | undefined) => void;
}

/** p50 and p99 of what clients ask for, as they are and as they would be. */
function WhatIf({ paths, faster, isOld, onChange }: WhatIfProps) {
  const [all, setAll] = useState(false);
  const nodes = new Map(paths.edges.map((edge) => [edge.target, edge]));
  const value = faster === undefined ? '' : faster.caller === undefined ? faster.node : `${faster.caller}>${faster.node}`;
  const pick = (text: string) => {
    if (text === '') return onChange(undefined);
    const edge = paths.edges.find((one) => one.id === text);
    onChange({ caller: edge?.source, node: edge?.target ?? text, by: faster?.by ?? 100 });
  };
  const entries = all ? paths.entries : paths.entries.slice(0, SHOWN);
  const has = faster !== undefined;
  return (
    <section className="what-if" aria-labelledby="what-if-title">
      <h2 id="what-if-title">What if</h2>
      <div className="what-if-form">
        <label>
          <span>Calls</span>
          <select value={value} onChange={(event) => pick(event.target.value)}>
            <option value="">none of them</option>
            <optgroup label="Every call of">
              {[...nodes.values()].map((edge) => (
                <option key={edge.target} value={edge.target}>{spokenName(edge.targetName)}</option>
              ))}
            </optgroup>
            <optgroup label="Calls from one to another">
              {paths.edges.map((edge) => (
                <option key={edge.id} value={edge.id}>{edgeName(edge)}</option>
              ))}
            </optgroup>
            {value !== '' && !nodes.has(value) && !paths.edges.some((edge) => edge.id === value) && <option value={value}>{value}</option>}
          </select>
        </label>
        <label className="what-if-slider">
          <span>
            {has ? words(faster.by) : 'Choose calls, and how much faster they are'}
          </span>
          <input
            type="range"
            min={0}
            max={SLIDER_STEPS}
            disabled={!has}
            value={has ? slideOf(faster.by) : 0}
            aria-label="How much faster"
            aria-valuetext={has ? words(faster.by) : undefined}
            onChange={(event) => has && onChange({ ...faster, by: slid(Number(event.target.value)) })}
          />
        </label>
        <label className="what-if-exact">
          <span>ms</span>
          <input
            type="number"
            min={0}
            max={LONGEST_MS}
            disabled={!has}
            value={has ? faster.by : ''}
            aria-label="Milliseconds faster"
            onChange={(event) => has && onChange({ ...faster, by: Math.min(LONGEST_MS, Math.max(0, Number(event.target.value) || 0)) })}
          />
        </label>
      </div>
      <div className={isOld ? 'scrolls is-old' : 'scrolls'} tabIndex={0} role="region" aria-label="What clients ask for">
        <table className="grid path-entries">
          <thead>
            <tr>
              <th scope="col">What clients ask for</th>
              <th scope="col" className="number">Requests</th>
              <th scope="col" className="number">p50</th>
              {has && <th scope="col" className="number">would be</th>}
              <th scope="col" className="number">p99</th>
              {has && <th scope="col" className="number">would be</th>}
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={`${entry.nodeId} ${entry.operation}`}>
                <th scope="row" className="wraps">
                  {entry.name == null ? 'All others' : spokenName(entry.name)} <span className="mono">{entry.operation}</span>
                </th>
                <td className="number">{count(entry.traces)}</td>
                <td className="number">{duration(entry.p50)}</td>
                {has && <Would is={entry.p50} would={entry.wouldP50} />}
                <td className="number">{duration(entry.p99)}</td>
                {has && <Would is={entry.p99} would={entry.wouldP99} />}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {paths.entries.length > SHOWN && (
        <p className="table-note">
          <button type="button" className="text-link plain" onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show ${plural(paths.entries.length - SHOWN, 'more', 'more')}`}
          </button>
        </p>
      )}
    </section>
  );
}

function Would({ is, would }: { is: number; would: number | null | undefined }) {
  if (would == null) return <td className="number muted">…</td>;
  const saved = is - would;
  return (
    <td className={saved > 0 ? 'number path-saved' : 'number muted'}>
      {saved > 0 ? `${duration(would)} (−${duration(saved)})` : 'the same'}
    </td>
  );
}

function edgeName(edge: PathEdge): string {
  const source = edge.source.endsWith('~client') ? 'Clients' : spokenName(edge.sourceName);
  return `${source} → ${spokenName(edge.targetName)}`;
}

function Edges({ paths, faster, onPick }: { paths: CriticalPaths; faster: Faster | undefined; onPick: (edge: PathEdge) => void }) {
  const [all, setAll] = useState(false);
  const edges = all ? paths.edges : paths.edges.slice(0, SHOWN);
  return (
    <section aria-labelledby="edges-title">
      <h2 id="edges-title">Connections by clients’ time</h2>
      <p className="muted small">
        p50 is of the requests about the median of what was asked for, p99 of the slowest hundredth. Through: in calls of the connection and in all that they waited for. Own: at work in what was called, and on the way there and back; of all connections together that is 100 %.{' '}
        <Link className="text-link" href={linkTo('/', { edges: 'p50' })}>
          Show it on the map
        </Link>
      </p>
      <div className="scrolls" tabIndex={0} role="region" aria-label="Connections">
        <table className="grid path-edges">
          <thead>
            <tr>
              <th scope="col" rowSpan={2}>Connection</th>
              <th scope="colgroup" colSpan={3}>Usual requests (p50)</th>
              <th scope="colgroup" colSpan={3}>Slowest requests (p99)</th>
              <th scope="col" rowSpan={2}><span className="visually-hidden">Actions</span></th>
            </tr>
            <tr>
              <th scope="col">Through</th><th scope="col" className="number">Own</th><th scope="col" className="number">Way</th>
              <th scope="col">Through</th><th scope="col" className="number">Own</th><th scope="col" className="number">Way</th>
            </tr>
          </thead>
          <tbody>
            {edges.map((edge) => (
              <tr key={edge.id} className={faster?.node === edge.target && (faster.caller === undefined || faster.caller === edge.source) ? 'is-matched' : undefined}>
                <th scope="row" className="wraps">
                  <Link className="text-link" href={linkTo('/', { sel: edge.id })}>{edgeName(edge)}</Link> <span className="muted small">{kindName(edge.type, edge.role)}</span>
                </th>
                {([edge.p50, edge.p99] as const).map((part, index) => (
                  <Shares key={index} {...part} />
                ))}
                <td className="nowrap row-actions">
                  <button type="button" className="text-link plain" aria-label={`What if ${edgeName(edge)} were faster`} onClick={() => onPick(edge)}>
                    what if
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(paths.edges.length > SHOWN || paths.edgesLeftOut > 0) && (
        <p className="table-note">
          {paths.edges.length > SHOWN && (
            <button type="button" className="text-link plain" onClick={() => setAll(!all)}>
              {all ? 'Show fewer' : `Show ${plural(paths.edges.length - SHOWN, 'more', 'more')}`}
            </button>
          )}{' '}
          {paths.edgesLeftOut > 0 && `${plural(paths.edgesLeftOut, 'connection')} with less are not given.`}
        </p>
      )}
    </section>
  );
}

function Shares({ through, work, way }: PathEdge['p50']) {
  return (
    <>
      <td>
        <span className="share">
          <span className="share-track" aria-hidden="true">
            <span className="path-through" style={{ width: `${Math.min(1, through) * 100}%` }} />
          </span>
          <span className="share-number">{share(through)}</span>
        </span>
      </td>
      <td className="number">{share(work)}</td>
      <td className="number">{share(way)}</td>
    </>
  );
}
