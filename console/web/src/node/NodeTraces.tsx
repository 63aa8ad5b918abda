// The newest traces that touched a node, short enough for the panel.
import { Link } from 'wouter';
import type { NodeDetail } from '../api/generated/NodeDetail';
import { linkTo, traceLink } from '../location/address';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, instant } from '../quantity';

export function NodeTraces({ detail }: { detail: NodeDetail }) {
  if (detail.traces.length === 0) return <p className="panel-note">No traces in this range.</p>;
  return (
    <>
      <ul className="node-traces">
        {detail.traces.map((trace) => (
          <li key={trace.id}>
            <Link href={traceLink(trace.id)}>
              <OutcomeGlyph outcome={trace.outcome} />
              <span className="node-trace-time">{instant(trace.start)}</span>
              <span className="node-trace-what" title={trace.url ?? undefined}>
                {[trace.method, trace.url ?? trace.entryPoint].filter(Boolean).join(' ')}
              </span>
              <span className="node-trace-length">{duration(trace.responseTime ?? trace.duration)}</span>
            </Link>
          </li>
        ))}
      </ul>
      <p>
        <Link href={linkTo('/traces', { filter: detail.filter })} className="text-link">
          All traces of {detail.node.name}
        </Link>
      </p>
    </>
  );
}
