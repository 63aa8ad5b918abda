// The services of one trace as a map, drawn as the large one is; a node leads to its worst span.
import { useQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { get } from '../api/client';
import type { Graph } from '../api/generated/Graph';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PlainMap } from '../map/PlainMap';
import { useAddress } from '../location/address';
import type { Shown } from './useShown';

const BADNESS = { ok: 0, error: 1, throttle: 2, fault: 3 };
/** Rates say nothing of one trace; counts are told by a window of no length. */
const NO_WINDOW = 0;

export function MapView({ shown }: { shown: Shown }) {
  const { trace, spans, select } = shown;
  const { change } = useAddress();
  const graph = useQuery({
    queryKey: ['trace graph', trace.summary.id, spans.length],
    queryFn: ({ signal }) => get<Graph>(`/api/traces/${encodeURIComponent(trace.summary.id)}/graph`, {}, signal),
  });
  const nodes = graph.data?.nodes;
  // Nothing is dimmed before the reader points at something: here the whole picture is small.
  const [picked, setPicked] = useState<string>();
  const pick = useCallback(
    (id: string | undefined) => {
      setPicked(id);
      const name = nodes?.find((node) => node.id === id)?.name;
      const own = spans.flatMap((span, index) => (span.service === name ? [index] : []));
      const worst = own.reduce<number | undefined>(
        (best, index) => (best === undefined || BADNESS[spans[index]!.outcome] > BADNESS[spans[best]!.outcome] ? index : best),
        undefined,
      );
      if (worst !== undefined) select(worst);
    },
    [nodes, spans, select],
  );
  if (graph.error) return <Failure error={graph.error} retry={() => void graph.refetch()} />;
  if (!graph.data) return <Loading label="Drawing the map" />;
  return (
    <section className="trace-map" aria-label="Service map of the trace">
      <PlainMap picture="trace" graph={graph.data} windowMs={NO_WINDOW} selected={picked} onSelect={pick} onShowTable={() => change({ view: 'table' })} />
    </section>
  );
}
