// The panel of a connection: what the caller saw, under which names it called, and the filter that finds the calls.
import Button from '@cloudscape-design/components/button';
import type { Edge } from '../api/generated/Edge';
import type { Node } from '../api/generated/Node';
import { Copy } from '../ui/Copy';
import { edgeExpression } from '../filter/expression';
import { go, linkTo } from '../location/address';
import { spokenName } from '../map/display-name';
import { Figures, PanelHead } from './PanelHead';
import type { PanelProps } from './panel';

export function EdgePanel({ graph, scene, edge, windowMs, onSelect }: PanelProps & { edge: Edge }) {
  const find = (id: string): Node | undefined => graph.nodes.find((node) => node.id === id) ?? scene.nodes.find((node) => node.id === id);
  const [source, target] = [find(edge.source), find(edge.target)];
  if (!source || !target) return null;
  const name = (node: Node) => (node.role === 'client' ? 'Clients' : spokenName(node.name));
  const isWhole = graph.edges.some((one) => one.id === edge.id);
  const expression = isWhole ? edgeExpression(source, target) : undefined;
  return (
    <aside className="panel" aria-label={`Connection from ${name(source)} to ${name(target)}`}>
      <PanelHead
        title={`${name(source)} → ${name(target)}`}
        subtitle={edge.isLink ? 'Link between traces' : 'Calls, as the caller saw them'}
        onClose={() => onSelect(undefined)}
      />
      <Figures stats={edge.stats} windowMs={windowMs} />
      <div className="panel-actions">
        {expression && (
          <>
            <Button variant="primary" onClick={() => go(linkTo('/traces', { filter: expression }))}>
              View traces
            </Button>
            <Button disabled={edge.stats.fault === 0} onClick={() => go(linkTo('/traces', { filter: `${expression} { fault }` }))}>
              Failing calls
            </Button>
          </>
        )}
        <Button onClick={() => onSelect(source.id)}>Caller</Button>
        <Button onClick={() => onSelect(target.id)}>Callee</Button>
      </div>
      {expression && (
        <p className="expression">
          <code>{expression}</code> <Copy text={expression} what="filter expression" />
        </p>
      )}
      {edge.aliases.length > 0 && (
        <>
          <h3>Also called as</h3>
          <ul className="aliases">
            {edge.aliases.map((alias) => (
              <li key={alias} className="mono">
                {alias} <Copy text={alias} what="alias" />
              </li>
            ))}
          </ul>
        </>
      )}
    </aside>
  );
}
