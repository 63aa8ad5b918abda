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
import { MiniWaterfall } from '../traces/MiniWaterfall';
import { beginningsOf, differs, merged, type MergedNode } from './merge';
import { swatch } from './palette';
import { PickOther } from './PickOther';
import { extentOf } from './tree';
import type { Shown } from './useShown';

/** Rows of one table that a reader and a browser cope with. */
const MOST_ROWS = 1000;
const DEEPEST_INDENT = 14;
const MOST_BARS = 10;
/** Names in the line on what only one trace has. */
const MOST_NAMED = 4;

export function CompareView({ shown }: { shown: Shown }) {
  const { params, change } = useAddress();
  const other = traceIdIn(params.get('with') ?? '');
  if (other === undefined) {
    return (
      <PickOther
        trace={shown.trace}
        isAsked={params.get('pick') === '1'}
        onPick={(id, isOwn) => change({ with: id, view: undefined, pick: undefined }, !isOwn)}
      />
    );
  }
  return <Compared shown={shown} other={other} onAnother={() => change({ with: undefined, view: 'compare', pick: '1' }, false)} />;
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
      <Side shown={shown} other={answer.data} />
      <Tree shown={shown} other={answer.data} />
    </section>
  );
}

/** Both on one time axis. */
function Side({ shown: { trace, spans }, other }: { shown: Shown; other: TraceDetail }) {
  const length = Math.max(extentOf(spans, trace.summary.duration), extentOf(other.spans, other.summary.duration));
  return (
    <div className="compare-sides">
      {([[trace, spans], [other, other.spans]] as const).map(([one, its], index) => (
        <MiniWaterfall key={index} id={one.summary.id} spans={its} focus={one.focus ?? undefined} most={MOST_BARS} length={length} />
      ))}
    </div>
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
  const length = Math.max(extentOf(shown.spans, shown.trace.summary.duration), extentOf(other.spans, other.summary.duration));
  const kept = useMemo(() => {
    if (!onlyDifferent) return nodes;
    const isKept = nodes.map((node) => differs(node, length));
    for (let index = nodes.length - 1; index >= 0; index -= 1) {
      const { parent } = nodes[index]!;
      if (isKept[index] && parent !== undefined) isKept[parent] = true;
    }
    return nodes.filter((_, index) => isKept[index]);
  }, [nodes, onlyDifferent, length]);
  const different = nodes.filter((node) => differs(node, length)).length;
  const beginnings = useMemo(() => beginningsOf(nodes), [nodes]);
  return (
    <>
      <p className="compare-line">
        <strong>
          {different === 0 ? 'No path differs by a tenth of the time, or failed in one trace alone.' : `${plural(different, 'path')} of ${count(nodes.length)} differ.`}
        </strong>
        <label className="view-toggle">
          <input type="checkbox" checked={onlyDifferent} onChange={() => setOnlyDifferent(!onlyDifferent)} />
          Only what differs
        </label>
      </p>
      <OnlyIn name="A" nodes={beginnings.filter(({ sides }) => sides[1].count === 0)} />
      <OnlyIn name="B" nodes={beginnings.filter(({ sides }) => sides[0].count === 0)} />
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
            <Row key={index} node={node} order={shown.services.get(node.service) ?? shown.services.size} ids={[shown.trace, other]} isDifferent={differs(node, length)} />
          ))}
        </tbody>
      </table>
      {kept.length > MOST_ROWS && <p className="muted">{count(kept.length - MOST_ROWS)} more paths are not shown.</p>}
    </>
  );
}

/** Another way through the services says more than any time. */
function OnlyIn({ name, nodes }: { name: string; nodes: MergedNode[] }) {
  if (nodes.length === 0) return null;
  const rest = nodes.length - MOST_NAMED;
  return (
    <p className="compare-only small">
      Only in {name}:{' '}
      {nodes.slice(0, MOST_NAMED).map((node, index) => (
        <span key={index}>
          {index > 0 && ', '}
          <strong>{[node.operation, node.name].filter(Boolean).join(' ')}</strong>
          {node.sides[name === 'A' ? 0 : 1].count > 1 && ` × ${count(node.sides[name === 'A' ? 0 : 1].count)}`}
        </span>
      ))}
      {rest > 0 && <span className="muted"> and {plural(rest, 'other path')}</span>}
    </p>
  );
}

function Row({ node, order, ids, isDifferent }: { node: MergedNode; order: number; ids: [TraceDetail, TraceDetail]; isDifferent: boolean }) {
  const [a, b] = node.sides;
  const by = a.self - b.self;
  const only = a.count === 0 ? 'B' : b.count === 0 ? 'A' : undefined;
  const side = a.first !== undefined ? 0 : 1;
  const first = ids[side]!.spans[node.sides[side]!.first!]!;
  return (
    <tr className={isDifferent ? 'is-different' : undefined}>
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
      <td className="number">{Math.abs(by) < 0.005 ? '0 ms' : `${by > 0 ? '+' : '−'}${duration(Math.abs(by))}`}</td>
      <td className={a.faults > b.faults ? 'number is-worse' : 'number'}>{a.faults === 0 ? '–' : count(a.faults)}</td>
      <td className={b.faults > a.faults ? 'number is-worse' : 'number'}>{b.faults === 0 ? '–' : count(b.faults)}</td>
    </tr>
  );
}
