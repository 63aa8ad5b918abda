// Who calls a node and whom it calls, with the numbers as the caller saw them.
import Table from '@cloudscape-design/components/table';
import Button from '@cloudscape-design/components/button';
import type { Neighbour } from '../api/generated/Neighbour';
import type { NodeDetail } from '../api/generated/NodeDetail';
import { spokenName } from '../map/display-name';
import { kindName } from '../map/kind';
import { OutcomeBar } from '../outcome/OutcomeBar';
import { countsOf } from '../outcome/outcome';
import { duration, rate, shareOf } from '../quantity';

interface NeighboursProps {
  detail: NodeDetail;
  windowMs: number;
  onSelect: (id: string) => void;
}

export function Neighbours({ detail, windowMs, onSelect }: NeighboursProps) {
  return (
    <div className="neighbours">
      <Side title="Callers" rows={detail.callers} windowMs={windowMs} onSelect={onSelect} />
      <Side title="Callees" rows={detail.callees} windowMs={windowMs} onSelect={onSelect} />
    </div>
  );
}

function Side({ title, rows, windowMs, onSelect }: { title: string; rows: Neighbour[]; windowMs: number; onSelect: (id: string) => void }) {
  return (
    <>
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p className="muted">None in this range.</p>
      ) : (
        <Table
          variant="embedded"
          contentDensity="compact"
          ariaLabels={{ tableLabel: title }}
          items={rows}
          trackBy="id"
          columnDefinitions={[
            {
              id: 'name',
              header: 'Node',
              isRowHeader: true,
              cell: (row) => (
                <>
                  <Button variant="inline-link" onClick={() => onSelect(row.id)}>
                    {spokenName(row.name)}
                  </Button>
                  <div className="muted small">
                    {row.aliases.length > 0 ? `as ${row.aliases.join(', ')}` : kindName(row.type)}
                  </div>
                </>
              ),
            },
            { id: 'rate', header: 'Rate', cell: (row) => rate(row.stats.total, windowMs) },
            { id: 'p50', header: 'p50', cell: (row) => duration(row.stats.p50) },
            {
              id: 'faults',
              header: 'Faults',
              cell: (row) => (
                <>
                  {shareOf(row.stats.fault, row.stats.total)}
                  <OutcomeBar counts={countsOf(row.stats)} />
                </>
              ),
            },
          ]}
        />
      )}
    </>
  );
}
