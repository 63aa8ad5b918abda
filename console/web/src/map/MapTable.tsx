// The map's twin as a table: the same nodes and numbers, for those who read or hear rather than look.
import Button from '@cloudscape-design/components/button';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useMemo, useState } from 'react';
import Pagination from '@cloudscape-design/components/pagination';
import type { Graph } from '../api/generated/Graph';
import type { Node } from '../api/generated/Node';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { badShare, countsOf, worstOf } from '../outcome/outcome';
import { duration, instant, rate, shareOf } from '../quantity';
import { spokenName } from './display-name';
import { kindName } from './kind';
import type { View } from './view/useScene';
import './map-controls.css';

interface MapTableProps {
  graph: Graph;
  view: View;
  windowMs: number;
  onSelect: (id: string) => void;
  onShowMap: () => void;
}

type Column = TableProps.ColumnDefinition<Node>;

const PAGE = 100;

/** All nodes but the hidden ones, also those that the map draws as boxes; with something to find, what was found. */
function rowsOf(graph: Graph, { scene, found }: View): Node[] {
  const drawn = new Set([...scene.nodes.map((node) => node.id), ...scene.boxOf.keys()]);
  return graph.nodes.filter((node) => node.role !== 'client' && drawn.has(node.id) && (found?.has(node.id) ?? true));
}

export default function MapTable({ graph, view, windowMs, onSelect, onShowMap }: MapTableProps) {
  const columns = useMemo(() => columnsOf(graph, windowMs, onSelect), [graph, windowMs, onSelect]);
  const [sorting, setSorting] = useState<{ id: string; isDescending: boolean }>({ id: 'bad', isDescending: true });
  const column = columns.find((one) => one.id === sorting.id);
  const items = useMemo(() => {
    const compare = column?.sortingComparator ?? (() => 0);
    return rowsOf(graph, view).sort((a, b) => (sorting.isDescending ? -1 : 1) * compare(a, b) || a.name.localeCompare(b.name));
  }, [graph, view, column, sorting.isDescending]);
  const [page, setPage] = useState(1);
  const pages = Math.max(1, Math.ceil(items.length / PAGE));
  const current = Math.min(page, pages);
  return (
    <div className="map-table">
      <Table
        variant="borderless"
        contentDensity="compact"
        stickyHeader
        header={
          <div className="map-table-head">
            <h2>
              Services <span className="muted">({items.length})</span>
            </h2>
            <Button onClick={onShowMap}>Show the map</Button>
          </div>
        }
        ariaLabels={{ tableLabel: 'Services' }}
        items={items.slice((current - 1) * PAGE, current * PAGE)}
        pagination={
          pages > 1 ? (
            <Pagination
              currentPageIndex={current}
              pagesCount={pages}
              ariaLabels={{ nextPageLabel: 'Next page', previousPageLabel: 'Previous page', pageLabel: (number) => `Page ${number}` }}
              onChange={({ detail }) => setPage(detail.currentPageIndex)}
            />
          ) : undefined
        }
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
  const neighbours = { source: new Map<string, string[]>(), target: new Map<string, string[]>() };
  for (const { source, target } of graph.edges) {
    neighbours.source.set(source, [...(neighbours.source.get(source) ?? []), names.get(target) ?? target]);
    neighbours.target.set(target, [...(neighbours.target.get(target) ?? []), names.get(source) ?? source]);
  }
  const across = (id: string, from: 'source' | 'target') => neighbours[from].get(id)?.join(', ') ?? '–';
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
