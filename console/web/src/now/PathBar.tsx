// The way of a failure as a line of text over the map, each node a button: from the clients to where it began.
import type { Graph } from '../api/generated/Graph';
import { spokenName } from '../map/display-name';
import { chainThrough } from '../map/path';
import { shareOf } from '../quantity';

interface PathProps {
  graph: Graph;
  selected: string;
  onSelect: (id: string) => void;
}

export function PathBar({ graph, selected, onSelect }: PathProps) {
  const node = graph.nodes.find((one) => one.id === selected);
  if (node === undefined || node.role === 'client' || node.stats.fault === 0) return null;
  const chain = chainThrough(graph, selected);
  if (chain.length === 0) return null;
  const names = new Map(graph.nodes.map((one) => [one.id, one.role === 'client' ? 'Clients' : spokenName(one.name)]));
  const root = chain.at(-1)!.target;
  return (
    <nav className="path-bar" aria-label="Fault path">
      <ol>
        <li>
          <PathNode id={chain[0]!.source} names={names} selected={selected} onSelect={onSelect} />
        </li>
        {chain.map((edge) => (
          <li key={edge.id}>
            <span className="path-share" title="Share of the calls that failed, as the caller saw them">
              {shareOf(edge.stats.fault, edge.stats.total)} →
            </span>
            <PathNode id={edge.target} names={names} selected={selected} onSelect={onSelect} />
          </li>
        ))}
      </ol>
      {root !== selected && (
        <button type="button" className="path-follow" onClick={() => onSelect(root)}>
          Follow the fault (p)
        </button>
      )}
    </nav>
  );
}

function PathNode({ id, names, selected, onSelect }: { id: string; names: Map<string, string>; selected: string; onSelect: (id: string) => void }) {
  return (
    <button type="button" className="text-link plain" aria-current={id === selected ? 'true' : undefined} onClick={() => onSelect(id)}>
      {names.get(id) ?? id}
    </button>
  );
}
