// All services and what they depend on, those in trouble first.
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { Node } from '../api/generated/Node';
import { useGraph } from '../api/queries';
import { Blank } from '../ui/Blank';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { useRange } from '../location/address';
import { lengthOf } from '../location/range';
import { spokenName } from '../map/display-name';
import { kindName } from '../map/kind';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { badShare, countsOf, worstOf } from '../outcome/outcome';
import { count, duration, rate, shareOf } from '../quantity';
import { serviceLink } from './link';

const SHOWN = 200;

export default function ServicesPage() {
  useTitle('Services');
  const range = useRange();
  const graph = useGraph(range);
  const [find, setFind] = useState('');
  const all = useMemo(() => (graph.data?.nodes ?? []).filter((node) => node.role !== 'client').sort(byTrouble), [graph.data]);
  if (graph.error && !graph.data) return <Failure error={graph.error} retry={() => void graph.refetch()} />;
  if (!graph.data) return <Loading label="Asking for the services" />;
  const found = all.filter((node) => node.name.toLowerCase().includes(find.trim().toLowerCase()));
  return (
    <div className="page">
      <PageHead
        title="Services"
        count={found.length === all.length ? count(all.length) : `${count(found.length)} of ${count(all.length)}`}
        actions={<input className="find-names" type="search" placeholder="Find a name" aria-label="Find a name" value={find} onChange={(event) => setFind(event.target.value)} />}
      >
        Everything that took part in requests, what is in trouble first. A name opens its page: operations, versions, exceptions, dependencies.
      </PageHead>
      {all.length === 0 && <Blank title="No service in this time">Choose a longer range, or send traces.</Blank>}
      {found.length > 0 && <List nodes={found.slice(0, SHOWN)} windowMs={lengthOf(range)} />}
      {found.length > SHOWN && <p className="table-note">The first {SHOWN} are shown; a part of the name finds the others.</p>}
      {all.length > 0 && found.length === 0 && <Blank title="No name has this text">Clear the box to see all.</Blank>}
    </div>
  );
}

function byTrouble(one: Node, other: Node): number {
  const faults = (node: Node) => (node.stats.total === 0 ? 0 : node.stats.fault / node.stats.total);
  return faults(other) - faults(one) || badShare(other.stats) - badShare(one.stats) || other.stats.total - one.stats.total || one.name.localeCompare(other.name);
}

function List({ nodes, windowMs }: { nodes: Node[]; windowMs: number }) {
  return (
    <div className="scrolls" tabIndex={0} role="region" aria-label="Services">
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Type</th>
            <th scope="col" className="number">Rate</th>
            <th scope="col" className="number">Faults</th>
            <th scope="col" className="number">p50</th>
            <th scope="col" className="number">p99</th>
            <th scope="col">Outcomes</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <tr key={node.id}>
              <th scope="row" className="wraps">
                <OutcomeGlyph outcome={worstOf(node.stats)} />{' '}
                <Link className="text-link" href={serviceLink(node)}>
                  {spokenName(node.name)}
                </Link>
              </th>
              <td>{kindName(node.type, node.role)}</td>
              <td className="number">{rate(node.stats.total, windowMs)}</td>
              <td className={node.stats.fault > 0 ? 'number outcome-text-fault' : 'number'}>{shareOf(node.stats.fault, node.stats.total)}</td>
              <td className="number">{duration(node.stats.p50)}</td>
              <td className="number">{duration(node.stats.p99)}</td>
              <td>
                <OutcomeBar counts={countsOf(node.stats)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
