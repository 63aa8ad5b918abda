// The call tree of one set of traces, or of two side by side: what is asked, what failed, where errors and where time arise.
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { MergedTree as Tree } from '../api/generated/MergedTree';
import type { TreeSums } from '../api/generated/TreeSums';
import { traceLink } from '../location/address';
import { serviceLink } from '../service/link';
import { compactCount, count, duration, plural, share } from '../quantity';
import { NotEverything, Untold } from './NotEverything';
import { failedOf, failedShare, findings, isReal, ownOf, perTrace, placeName, requestsOf, rowsOf, times, type TreeRow } from './tree';
import '../analytics/analytics.css';
import './tree.css';

interface TreeProps {
  tree: Tree;
  isPatient: boolean;
  /** Asks again with more time. */
  onPatience: () => void;
}

export function MergedTree({ tree, isPatient, onPatience }: TreeProps) {
  const [closed, setClosed] = useState<ReadonlySet<number>>(new Set());
  const [withRare, setWithRare] = useState(false);
  const { rows, rare } = useMemo(() => rowsOf(tree, closed, withRare), [tree, closed, withRare]);
  const told = useMemo(() => findings(tree), [tree]);
  const toggle = (place: number) => {
    const next = new Set(closed);
    if (!next.delete(place)) next.add(place);
    setClosed(next);
  };
  if (tree.nodes.length === 0) {
    return <p className="muted">{tree.untold > 0 ? <Untold untold={tree.untold} /> : 'No trace of the range is in these sets.'}</p>;
  }
  return (
    <section className="merged" aria-labelledby="tree-title">
      <h2 id="tree-title">Call tree</h2>
      {told.length > 0 && (
        <ul className="tree-findings">
          {told.map((finding) => (
            <li key={finding.text}>
              <a className="text-link" href={`#place-${finding.place}`}>
                {finding.text}
              </a>
            </li>
          ))}
        </ul>
      )}
      {tree.b && told.length === 0 && <p className="muted">Nothing differs in the tree by more than chance.</p>}
      <Extent tree={tree} isPatient={isPatient} onPatience={onPatience} />
      <div className="scrolls" tabIndex={0} role="region" aria-label="Places of the tree">
        <table className={tree.b ? 'grid tree-table is-pair' : 'grid tree-table'}>
          <thead>{tree.b ? <PairHead /> : <LoneHead />}</thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.place} id={`place-${row.place}`}>
                <Place row={row} isOpen={!closed.has(row.place)} onToggle={() => toggle(row.place)} />
                {tree.b ? <Pair row={row} tree={tree} /> : <Lone row={row} tree={tree} />}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(rare > 0 || withRare) && (
        <p className="table-note">
          <button type="button" className="text-link plain" onClick={() => setWithRare(!withRare)}>
            {withRare ? 'Fold what fewer than one trace in a hundred passes' : `Show ${plural(rare, 'place')} that fewer than one trace in a hundred passes`}
          </button>
        </p>
      )}
    </section>
  );
}

/** How much of the range it speaks of, where that is not all of it. */
function Extent({ tree, isPatient, onPatience }: TreeProps) {
  const { complete, scanned, reached, hidden, leftOut, untold } = tree;
  return (
    <div className="table-note" role="status">
      {!complete && (
        <NotEverything scanned={scanned} reached={reached} isPatient={isPatient} onPatience={onPatience}> What is counted is exact.</NotEverything>
      )}
      {untold > 0 && <p><Untold untold={untold} /></p>}
      {hidden > 0 && <p>{plural(hidden, 'place')} that fewest traces pass {hidden === 1 ? 'is' : 'are'} not shown.</p>}
      {leftOut > 0 && <p>{plural(leftOut, 'request')} in more places than are told apart {leftOut === 1 ? 'is' : 'are'} not counted.</p>}
    </div>
  );
}

function LoneHead() {
  return (
    <tr>
      <th scope="col">Who is asked, below who asks</th>
      <th scope="col" className="number">Traces</th>
      <th scope="col" className="number" title="Finished requests of all traces">Requests</th>
      <th scope="col" className="number">Failed</th>
      <th scope="col" title="Failed requests below which nothing failed, as a share of all of them">Errors arise</th>
      <th scope="col" className="number" title="Response times of a trace that passes, all requests together">Time a trace</th>
      <th scope="col" title="Time in which it waited for nobody, as a share of that of the whole tree">Time arises</th>
      <th scope="col"><span className="visually-hidden">Examples</span></th>
    </tr>
  );
}

function Lone({ row: { node }, tree }: { row: TreeRow; tree: Tree }) {
  const { a } = node;
  const sum = (of: (sums: TreeSums) => number) => tree.nodes.reduce((all, one) => all + of(one.a), 0);
  const failed = failedOf(a);
  return (
    <>
      <td className="number" title={plural(a.traces, 'trace')}>{tree.a.traces === 0 ? '–' : share(a.traces / tree.a.traces)}</td>
      <td className="number" title={count(requestsOf(a))}>{compactCount(requestsOf(a))}</td>
      <td className={failed > 0 ? 'number outcome-text-fault' : 'number'} title={`${count(a.fault)} faults, ${count(a.error)} errors, ${count(a.throttle)} throttled`}>{requestsOf(a) === 0 ? '–' : share(failed / requestsOf(a))}</td>
      <td><Bar of="fault" amount={a.arose} all={sum((sums) => sums.arose)} title={plural(a.arose, 'request')} /></td>
      <td className="number">{a.traces === 0 ? '–' : duration(a.total / a.traces)}</td>
      <td><Bar of="own" amount={a.own} all={sum((sums) => sums.own)} title={`${duration(ownOf(a))} a trace`} /></td>
      <Examples row={{ node }} />
    </>
  );
}

function Bar({ of, amount, all, title }: { of: 'fault' | 'own'; amount: number; all: number; title: string }) {
  const part = all === 0 ? 0 : amount / all;
  return (
    <span className="share" title={title}>
      <span className="share-track" aria-hidden="true">
        <span className={`tree-${of}`} style={{ width: `${part * 100}%` }} />
      </span>
      <span className="share-number">{amount === 0 ? '–' : share(part)}</span>
    </span>
  );
}

function PairHead() {
  const side = (name: 'A' | 'B') => (
    <th scope="col" className="number">
      <span className={`tree-set is-${name.toLowerCase()}`}>{name}</span>
    </th>
  );
  return (
    <>
      <tr>
        <th scope="col" rowSpan={2}>Who is asked, below who asks</th>
        <th scope="colgroup" colSpan={3} title="Finished requests of a trace of the set">Asked in a trace</th>
        <th scope="colgroup" colSpan={3} title="Traces in which it failed, of those that pass it">Failed</th>
        <th scope="colgroup" colSpan={3} title="Time of a trace that passes in which it waited for nobody">Own time</th>
        <th scope="col" rowSpan={2}><span className="visually-hidden">Examples</span></th>
      </tr>
      <tr>
        {side('A')}{side('B')}<th scope="col" className="number">A − B</th>
        {side('A')}{side('B')}<th scope="col" className="number">A − B</th>
        {side('A')}{side('B')}<th scope="col" className="number">A − B</th>
      </tr>
    </>
  );
}

function Pair({ row: { node }, tree }: { row: TreeRow; tree: Tree }) {
  const calls: Sides = [perTrace(node.a, tree.a.traces), perTrace(node.b, tree.b?.traces ?? 0)];
  const failed: Sides = [failedShare(node.a), failedShare(node.b)];
  const own: Sides = [ownOf(node.a), ownOf(node.b)];
  const chance = node.byChance;
  const points = (part: number) => `${Math.round(part * 1000) / 10}`.replace('-', '−') + ' pp';
  return (
    <>
      <Compared values={calls} write={times} difference={(by) => times(by).replace('-', '−')} byChance={chance?.requests} />
      <Compared values={failed} write={share} difference={points} byChance={chance?.failed} />
      <Compared values={own} write={duration} difference={(by) => duration(by).replace('-', '−')} byChance={chance?.own} />
      <Examples row={{ node }} />
    </>
  );
}

type Sides = [a: number | undefined, b: number | undefined];

interface ComparedProps {
  values: Sides;
  write: (value: number) => string;
  difference: (by: number) => string;
  byChance: number | null | undefined;
}

/** What is more than chance stands out; the rest is as quiet as it is. */
function Compared({ values: [a, b], write, difference, byChance }: ComparedProps) {
  const by = a !== undefined && b !== undefined ? a - b : undefined;
  const real = by !== undefined && by !== 0 && isReal(byChance);
  const why = byChance == null ? 'Too few traces to say whether that is chance' : `Chance alone differs as much somewhere in the tree with a probability of ${byChance < 0.001 ? 'less than 0.1 %' : share(byChance)}`;
  return (
    <>
      <td className="number">{a === undefined ? '–' : write(a)}</td>
      <td className="number">{b === undefined ? '–' : write(b)}</td>
      <td className={real ? `number tree-real is-${(by ?? 0) > 0 ? 'more' : 'less'}` : 'number muted'} title={why}>
        {by === undefined || by === 0 ? '=' : `${by > 0 ? '+' : ''}${difference(by)}`}
        <span className="visually-hidden">{real ? ', more than chance' : byChance == null ? ', too few to judge' : ', as chance has it'}</span>
      </td>
    </>
  );
}

function Place({ row: { node, depth, hasBelow }, isOpen, onToggle }: { row: TreeRow; isOpen: boolean; onToggle: () => void }) {
  const name = placeName(node);
  return (
    <th scope="row" className="tree-place" style={{ paddingLeft: 8 + Math.min(depth, 24) * 16 }} aria-label={`${name}, level ${depth + 1}`}>
      {hasBelow ? (
        <button type="button" className="tree-toggle" aria-expanded={isOpen} aria-label={`What ${name} asks`} onClick={onToggle}>
          {isOpen ? '▾' : '▸'}
        </button>
      ) : (
        <span className="tree-leaf" aria-hidden="true" />
      )}
      <Link className="text-link" href={serviceLink({ name: node.name, type: node.type, account: null })} title={node.name}>
        {name.slice(0, name.length - (node.operation?.length ?? -1) - 1)}
      </Link>
      {node.operation && <span className="tree-operation"> {node.operation}</span>}
    </th>
  );
}

function Examples({ row: { node } }: { row: Pick<TreeRow, 'node'> }) {
  const name = placeName(node);
  return (
    <td className="nowrap row-actions">
      {node.failing && (
        <Link className="text-link" href={traceLink(node.failing)} aria-label={`Newest failing trace in ${name}`}>
          failing
        </Link>
      )}
      <Link className="text-link" href={traceLink(node.example)} aria-label={`Newest example of ${name}`}>
        example
      </Link>
    </td>
  );
}
