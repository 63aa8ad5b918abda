// How long a node takes: a histogram whose brush writes the filter expression for what it holds.
import Button from '@cloudscape-design/components/button';
import { useState } from 'react';
import type { NodeDetail } from '../api/generated/NodeDetail';
import { Copy } from '../ui/Copy';
import type { Bar } from '../chart/bins';
import { BrushHistogram } from '../chart/BrushHistogram';
import { HistogramTable } from '../chart/HistogramTable';
import { and, responseTimeOfNode } from '../filter/expression';
import { go, linkTo, useAddress } from '../location/address';
import { count, duration, plural } from '../quantity';

interface Picked {
  range: [number, number];
  bars: Bar[];
}

export function Latency({ detail: { histogram, node } }: { detail: NodeDetail }) {
  const [picked, setPicked] = useState<Picked>();
  const { params, change } = useAddress();
  if (histogram.length === 0) return <p className="panel-note">No response times in this range.</p>;
  const first = picked?.bars[picked.range[0]];
  const last = picked?.bars[picked.range[1]];
  const inside = picked ? picked.bars.slice(picked.range[0], picked.range[1] + 1).reduce((sum, bar) => sum + bar.count, 0) : 0;
  const expression = first && last ? responseTimeOfNode(node.name, node.type, first.from, last.to) : undefined;
  return (
    <div className="latency">
      <p className="muted">
        {count(histogram.reduce((sum, bin) => sum + bin.count, 0))} requests. Drag over the bars to pick some of them.
      </p>
      <BrushHistogram
        bins={histogram}
        picked={picked?.range}
        onPick={(range, bars) => setPicked(range && { range, bars })}
      />
      {expression && first && last && (
        <div className="latency-picked">
          <p>
            <strong>{plural(inside, 'request')}</strong> from {duration(first.from)} to {duration(last.to)}
          </p>
          <p className="expression">
            <code>{expression}</code> <Copy text={expression} what="filter expression" />
          </p>
          <div className="why-actions">
            <Button variant="primary" onClick={() => go(linkTo('/traces', { filter: expression }))}>
              View traces
            </Button>
            <Button onClick={() => change({ filter: and(params.get('filter'), expression) })}>Add to filter</Button>
            <Button onClick={() => go(linkTo('/analytics', { a: expression }))}>Compare to rest</Button>
            <Button onClick={() => setPicked(undefined)}>Clear</Button>
          </div>
        </div>
      )}
      <HistogramTable bins={histogram} />
    </div>
  );
}
