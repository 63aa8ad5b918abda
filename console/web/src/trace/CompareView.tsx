// Two traces beside each other: what they have in common, and where counts, times and faults differ, path by path.
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { useTrace } from '../api/queries';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { traceLink, useAddress } from '../location/address';
import { traceIdIn } from '../location/trace-id';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOME_NAME } from '../outcome/outcome';
import { count, duration, exactInstant, instant, plural } from '../quantity';
import { holdupsOf } from './critical';
import { differs, merged, type MergedNode } from './merge';
import { swatch } from './palette';
import { PickOther } from './PickOther';
import type { Shown } from './useShown';

/** Rows of one table that a reader and a browser cope with. */
const MOST_ROWS = 1000;
const DEEPEST_INDENT = 14;

export function CompareView({ shown }: { shown: Shown }) {
  const { params, change } = useAddress();
  const other = traceIdIn(params.get('with') ?? '');
  if (other === undefined) return <PickOther trace={shown.trace} onPick={(id) => change({ with: id, view: undefined }, false)} />;
  return <Compared shown={shown} other={other} onAnother={() => change({ with: undefined, view: 'compare' }, false)} />;
}

function Compared({ shown, other, onAnother }: { shown: Shown; other: string; onAnother: () => void }) {
  const answer = useTrace(other);
  if (answer.error) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Loading label="Fetching the other trace" />;
  return (
    <section className="compare" aria-label="Comparison" tabIndex={0}>
      <div className="compare-heads">
        <Head name="A" trace={shown.trace} />
        <Head name="B" trace={answer.data} />
        <div className="compare-ways">
          <button type="button" className="tool-button" onClick={onAnother}>
            Pick another B
          </button>
          <Link className="tool-button" href={traceLink(other, { with: shown.trace.summary.id })}>
            Swap A and B
          </Link>
        </div>
      </div>
      <Tree shown={shown} other={answer.data} />
    </section>
  );
}

function Head({ name, trace }: { name: string; trace: TraceDetail }) {
  const { summary } = trace;
  const holdups = holdupsOf(trace.criticalPath);
  return (
    <article className="compare-head" aria-label={`Trace ${name}`}>
      <h2>
        <span className={`side-name side-${name.toLowerCase()}`}>{name}</span> <OutcomeGlyph outcome={summary.outcome} />{' '}
        {summary.status ?? ''} {OUTCOME_NAME[summary.outcome]}, {duration(summary.duration ?? summary.responseTime)}
      </h2>
      <p>
        <span title={exactInstant(summary.start)}>{instant(summary.start)}</span>, {plural(trace.spans.length, 'span')}{' '}
        <Link className="text-link mono" href={traceLink(summary.id)}>
          {summary.id}
        </Link>
      </p>
      {(summary.origin != null || summary.exception != null) && (
        <p>
          Root cause: <strong>{summary.origin}</strong> {summary.exception && <code>{summary.exception}</code>}
        </p>
      )}
      {holdups.length > 0 && <p>Critical path: {holdups.map(({ text }) => text).join(', ')}</p>}
    </article>
  );
}

function Tree({ shown, other }: { shown: Shown; other: TraceDetail }) {
  const [onlyDifferent, setOnlyDifferent] = useState(false);
  const nodes = useMemo(() => merged(shown.spans, other.spans), [shown.spans, other.spans]);
  const kept = useMemo(() => {
    if (!onlyDifferent) return nodes;
    const isKept = nodes.map(differs);
    for (let index = nodes.length - 1; index >= 0; index -= 1) {
      const { parent } = nodes[index]!;
      if (isKept[index] && parent !== undefined) isKept[parent] = true;
    }
    return nodes.filter((_, index) => isKept[index]);
  }, [nodes, onlyDifferent]);
  const different = nodes.filter(differs).length;
  return (
    <>
      <p className="compare-line">
        <strong>
          {different === 0 ? 'No path differs by more than a fifth.' : `${plural(different, 'path')} of ${count(nodes.length)} differ.`}
        </strong>
        <label className="view-toggle">
          <input type="checkbox" checked={onlyDifferent} onChange={() => setOnlyDifferent(!onlyDifferent)} />
          Only what differs
        </label>
      </p>
      <table className="grid compare-table">
        <caption className="visually-hidden">Call trees of both traces, merged by path; A is this trace, B the other</caption>
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col" className="number">Count A</th>
            <th scope="col" className="number">Count B</th>
            <th scope="col" className="number">Time A</th>
            <th scope="col" className="number">Time B</th>
            <th scope="col" className="number">Self time A − B</th>
            <th scope="col" className="number">Failed A</th>
            <th scope="col" className="number">Failed B</th>
          </tr>
        </thead>
        <tbody>
          {kept.slice(0, MOST_ROWS).map((node, index) => (
            <Row key={index} node={node} order={shown.services.get(node.service) ?? shown.services.size} ids={[shown.trace, other]} />
          ))}
        </tbody>
      </table>
      {kept.length > MOST_ROWS && <p className="muted">{count(kept.length - MOST_ROWS)} more paths are not shown.</p>}
    </>
  );
}

function Row({ node, order, ids }: { node: MergedNode; order: number; ids: [TraceDetail, TraceDetail] }) {
  const [a, b] = node.sides;
  const by = a.self - b.self;
  const only = a.count === 0 ? 'B' : b.count === 0 ? 'A' : undefined;
  const side = a.first !== undefined ? 0 : 1;
  const first = ids[side]!.spans[node.sides[side]!.first!]!;
  return (
    <tr className={differs(node) ? 'is-different' : undefined}>
      <td className="clip" style={{ paddingLeft: 8 + Math.min(DEEPEST_INDENT, node.depth) * 14 }}>
        <span className="service-dot" style={{ background: swatch(order) }} aria-hidden="true" />{' '}
        <Link className="text-link" href={traceLink(ids[side]!.summary.id, { span: first.id })} title={`${node.name} (${node.service})`}>
          {[node.operation, node.name].filter(Boolean).join(' ')}
        </Link>
        {only && <span className="tag">only in {only}</span>}
      </td>
      <td className="number">{a.count === 0 ? '–' : count(a.count)}</td>
      <td className="number">{b.count === 0 ? '–' : count(b.count)}</td>
      <td className="number">{a.count === 0 ? '–' : duration(a.total)}</td>
      <td className="number">{b.count === 0 ? '–' : duration(b.total)}</td>
      <td className="number">{by === 0 ? '0 ms' : `${by > 0 ? '+' : '−'}${duration(Math.abs(by))}`}</td>
      <td className={a.faults > b.faults ? 'number is-worse' : 'number'}>{a.faults === 0 ? '–' : count(a.faults)}</td>
      <td className={b.faults > a.faults ? 'number is-worse' : 'number'}>{b.faults === 0 ? '–' : count(b.faults)}</td>
    </tr>
  );
}
