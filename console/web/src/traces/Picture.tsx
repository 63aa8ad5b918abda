// The heatmap with what can be done with the box that was drawn in it.
import Button from '@cloudscape-design/components/button';
import { useMemo, useState } from 'react';
import type { Heatmap as Cells } from '../api/generated/Heatmap';
import { exactSeconds } from '../analytics/Charts';
import { and } from '../filter/expression';
import { go, linkTo, useAddress } from '../location/address';
import { absolute } from '../location/range';
import { count, duration, plural } from '../quantity';
import { Heatmap, HeatmapTable, timeWord, type Picked } from './Heatmap';

/** With less than this part of its columns in use, a picture begins where they do. */
const MOSTLY_BLANK = 0.5;
const FEWEST_COLUMNS = 12;

/** Without the columns before the first trace, where these are most of it. */
export function fromFirst(heatmap: Cells): Cells {
  const first = heatmap.cells.reduce((least, { column }) => Math.min(least, column), heatmap.columns);
  const gone = Math.min(first, heatmap.columns - FEWEST_COLUMNS);
  if (gone <= heatmap.columns * MOSTLY_BLANK) return heatmap;
  return {
    ...heatmap,
    start: heatmap.start + gone * heatmap.step,
    columns: heatmap.columns - gone,
    cells: heatmap.cells.map((cell) => ({ ...cell, column: cell.column - gone })),
  };
}

export function Picture({ heatmap: whole, filter }: { heatmap: Cells; filter: string }) {
  const heatmap = useMemo(() => fromFirst(whole), [whole]);
  const [drawn, setDrawn] = useState<Picked>();
  const { change } = useAddress();
  const { edges, columns, cells, start, step } = heatmap;
  const picked = drawn && drawn.columns[1] < columns && drawn.rows[1] < edges.length - 1 ? drawn : undefined;
  if (cells.length === 0) return null;
  const isIn = (value: number, [from, to]: [number, number]) => value >= from && value <= to;
  const inside = picked ? cells.filter((cell) => isIn(cell.column, picked.columns) && isIn(cell.row, picked.rows)).reduce((sum, cell) => sum + cell.count, 0) : 0;
  const word = timeWord(step);
  const from = picked && start + picked.columns[0] * step;
  const to = picked && start + (picked.columns[1] + 1) * step;
  const low = picked ? edges[picked.rows[0]]! : 0;
  const high = picked ? edges[picked.rows[1] + 1]! : 0;
  const term = `responsetime >= ${exactSeconds(low)} AND responsetime < ${exactSeconds(high)}`;
  const range = picked && absolute(from!, to!).text;
  return (
    <section className="picture" aria-label="Start and response time">
      <Heatmap heatmap={heatmap} picked={picked} onPick={setDrawn} />
      {picked ? (
        <div className="picture-picked" role="status">
          <span>
            <strong>{plural(inside, 'trace')}</strong> from {word(from!)} to {word(to!)}, {duration(low)} to {duration(high)}
          </span>
          <Button variant="primary" onClick={() => { setDrawn(undefined); change({ range, filter: and(filter, term) }, false); }}>
            Show these
          </Button>
          <Button onClick={() => go(linkTo('/analytics', { range, a: and(filter, term) }))}>Compare to the rest</Button>
          <Button onClick={() => go(linkTo('/analytics', { range, a: and(filter, term), view: 'tree' }))}>As a call tree</Button>
          <Button variant="link" onClick={() => setDrawn(undefined)}>
            Clear
          </Button>
        </div>
      ) : (
        <div className="picture-foot">
          <span className="muted small">Drag a box to pick traces. The stronger the blue, the more traces (at most {count(Math.max(...cells.map((cell) => cell.count)))} in one square); red fills the share that went wrong.</span>
          <HeatmapTable heatmap={heatmap} />
        </div>
      )}
    </section>
  );
}
