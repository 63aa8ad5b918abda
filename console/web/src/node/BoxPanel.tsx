// The panel of a box: its members as a table, worst first, each of them one press away.
import Button from '@cloudscape-design/components/button';
import { useMemo, useState } from 'react';
import { spokenName } from '../map/display-name';
import { kindName } from '../map/kind';
import type { SceneNode } from '../map/view/scene';
import { byTrouble } from '../map/view/collapse';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { worstOf } from '../outcome/outcome';
import { duration, plural, rate, shareOf } from '../quantity';
import { Figures, PanelHead } from './PanelHead';
import type { PanelProps } from './panel';

const SHOWN = 100;

export function BoxPanel({ graph, node, windowMs, onSelect, onToggleBox }: PanelProps & { node: SceneNode }) {
  const [most, setMost] = useState(SHOWN);
  const { members, canOpen } = node.box!;
  const rows = useMemo(() => {
    const inside = new Set(members);
    return graph.nodes.filter((one) => inside.has(one.id)).sort(byTrouble);
  }, [graph, members]);
  return (
    <aside className="panel" aria-label={`Box ${node.name}`}>
      <PanelHead title={node.role === 'client' ? 'Clients' : node.name} subtitle={plural(members.length, node.role === 'client' ? 'client' : 'service')} onClose={() => onSelect(undefined)} />
      {node.role !== 'client' && <Figures stats={node.stats} windowMs={windowMs} />}
      {canOpen && (
        <div className="panel-actions">
          <Button variant="primary" onClick={() => onToggleBox(node.id)}>
            Open in place
          </Button>
          <span className="muted">or press g on the box</span>
        </div>
      )}
      <table className="box-members">
        <caption className="visually-hidden">Nodes in this box, worst first</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Rate</th>
            <th scope="col">p99</th>
            <th scope="col">Faults</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map((row) => (
            <tr key={row.id}>
              <th scope="row">
                <OutcomeGlyph outcome={worstOf(row.stats)} />{' '}
                <button type="button" className="text-link plain" onClick={() => onSelect(row.id)}>
                  {row.role === 'client' ? `Clients of ${spokenName(row.name)}` : spokenName(row.name)}
                </button>
                <div className="muted small">{kindName(row.type, row.role)}</div>
              </th>
              <td>{rate(row.stats.total, windowMs)}</td>
              <td>{duration(row.stats.p99)}</td>
              <td>{shareOf(row.stats.fault, row.stats.total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > most && <Button onClick={() => setMost(most + SHOWN)}>{plural(rows.length - most, 'more node')}</Button>}
    </aside>
  );
}
