// The map's twin as a table: the same nodes and numbers, for those who read or hear rather than look.
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useMemo, useState } from 'react';
import type { Graph } from '../api/generated/Graph';
import type { Node } from '../api/generated/Node';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { badShare, countsOf, worstOf } from '../outcome/outcome';
import { duration, instant, rate, shareOf } from '../quantity';
import { spokenName } from './display-name';
import { kindName } from './kind';

interface MapTableProps {
  graph: Graph;
  windowMs: number;
  /** There are too many nodes to draw. */
  isForced: boolean;
  onSelect: (id: string) => void;
  onShowMap: () => void;
}

type Column = TableProps.ColumnDefinition<Node>;

export function MapTable({ graph, windowMs, isForced, onSelect, onShowMap }: MapTableProps) {
  const columns = useMemo(() => columnsOf(graph, windowMs, onSelect), [graph, windowMs, onSelect]);
  const [sorting, setSorting] = useState<{ id: string; isDescending: boolean }>({ id: 'bad', isDescending: true });
  const column = columns.find((one) => one.id === sorting.id);
  const items = useMemo(() => {
    const compare = column?.sortingComparator ?? (() => 0);
    const services = graph.nodes.filter((node) => node.role !== 'client');
    return services.sort((a, b) => (sorting.isDescending ? -1 : 1) * compare(a, b) || a.name.localeCompare(b.name));
  }, [graph, column, sorting.isDescending]);
  return (
    <div className="map-table">
      <Table
        variant="borderless"
        contentDensity="compact"
        stickyHeader
        header={
          <Header
            counter={`(${items.length})`}
            description={isForced ? 'There are too many services to draw. Narrow the range, or read them here.' : undefined}
            actions={isForced ? undefined : <Button onClick={onShowMap}>Show the map</Button>}
          >
            Services
          </Header>
        }
        ariaLabels={{ tableLabel: 'Services' }}
        items={items}
        trackBy="id"
        columnDefinitions={columns}
        sortingColumn={column}
        sortingDescending={sorting.isDescending}
        onSortingChange={({ detail }) =>
          setSorting({ id: (detail.sortingColumn as Column).id ?? 'name', isDescending: detail.isDescending ?? false })
        }
      />
    </div>
  );
}

function columnsOf(graph: Graph, windowMs: number, onSelect: (id: string) => void): Column[] {
  const names = new Map(graph.nodes.map((node) => [node.id, node.role === 'client' ? 'Clients' : spokenName(node.name)]));
  const across = (id: string, from: 'source' | 'target') =>
    graph.edges
      .filter((edge) => edge[from] === id)
      .map((edge) => names.get(from === 'source' ? edge.target : edge.source))
      .join(', ') || '–';
  const by = (value: (node: Node) => number) => (a: Node, b: Node) => value(a) - value(b);
  return [
    {
      id: 'name',
      header: 'Name',
      isRowHeader: true,
      minWidth: 190,
      sortingComparator: (a, b) => a.name.localeCompare(b.name),
      cell: (node) => (
        <>
          <OutcomeGlyph outcome={worstOf(node.stats)} />{' '}
          <button type="button" className="text-link plain" onClick={() => onSelect(node.id)}>
            {spokenName(node.name)}
          </button>
        </>
      ),
    },
    { id: 'type', header: 'Type', cell: (node) => kindName(node.type, node.role) },
    { id: 'rate', header: 'Rate', sortingComparator: by((node) => node.stats.total), cell: (node) => rate(node.stats.total, windowMs) },
    { id: 'p50', header: 'p50', sortingComparator: by((node) => node.stats.p50 ?? 0), cell: (node) => duration(node.stats.p50) },
    { id: 'p99', header: 'p99', sortingComparator: by((node) => node.stats.p99 ?? 0), cell: (node) => duration(node.stats.p99) },
    {
      id: 'bad',
      header: 'Faults',
      sortingComparator: by((node) => (node.stats.total === 0 ? 0 : node.stats.fault / node.stats.total) + badShare(node.stats) / 1000),
      cell: (node) => shareOf(node.stats.fault, node.stats.total),
    },
    { id: 'outcomes', header: 'Outcomes', minWidth: 120, cell: (node) => <OutcomeBar counts={countsOf(node.stats)} /> },
    { id: 'callers', header: 'Called by', cell: (node) => across(node.id, 'target') },
    { id: 'callees', header: 'Calls', cell: (node) => across(node.id, 'source') },
    { id: 'seen', header: 'Last seen', sortingComparator: by((node) => node.lastSeen), cell: (node) => instant(node.lastSeen) },
  ];
}
