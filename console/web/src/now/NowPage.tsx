// Home: issues on the left, the live map, the minutes below, and the selected node on the right.
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useGraph, useStatus } from '../api/queries';
import { Failure } from '../app/Failure';
import { Loading } from '../app/Loading';
import { useTabStatus } from '../app/useTabStatus';
import { FirstRun } from '../first/FirstRun';
import { useAddress, useRange } from '../location/address';
import { absolute, lengthOf, type Range } from '../location/range';
import { MapTable } from '../map/MapTable';
import { faultPath } from '../map/path';
import { ServiceMap } from '../map/ServiceMap';
import type { Graph } from '../api/generated/Graph';
import { NodePanel } from '../node/NodePanel';
import { ago } from '../quantity';
import { activeIssues } from './issue';
import { IssueRail } from './IssueRail';
import { MapLegend } from './MapLegend';
import { MinuteStrip } from './MinuteStrip';
import { EmptyRange } from './EmptyRange';

/** Above this a picture helps nobody; the table does. */
const MOST_DRAWN = 250;

/** Rates are over the time since the first data of the range, so that a minute of traffic is not spread over half an hour. */
export function windowOf(graph: Graph, range: Range): number {
  const first = graph.series[0]?.at ?? graph.from;
  const until = Math.min(graph.to, graph.now);
  return Math.max(60_000, Math.min(lengthOf(range), until - first));
}

export function NowPage() {
  const status = useStatus();
  if (status.data === undefined) {
    return status.error ? <Failure error={status.error} retry={() => void status.refetch()} /> : <Loading label="Asking the server" />;
  }
  return status.data.hasData ? <NowMap /> : <FirstRun status={status.data} />;
}

function NowMap() {
  const range = useRange();
  const { params, change } = useAddress();
  const graph = useGraph(range);
  const [hovered, setHovered] = useState<string>();
  const selected = params.get('sel') ?? undefined;
  const select = useCallback((id: string | undefined) => change({ sel: id, tab: undefined }), [change]);
  const data = graph.data;
  const highlight = useMemo(() => {
    const issue = data?.issues.find((one) => one.id === hovered);
    return data && issue ? faultPath(data, issue.nodeId, issue.affected) : undefined;
  }, [data, hovered]);
  useTabStatus(data ? activeIssues(data).length : 0);
  useTableKey(() => change({ view: params.get('view') === 'table' ? undefined : 'table' }));

  if (data === undefined) {
    return graph.error ? <Failure error={graph.error} retry={() => void graph.refetch()} /> : <Loading label="Drawing the map" />;
  }
  const windowMs = windowOf(data, range);
  const isLarge = data.nodes.length > MOST_DRAWN;
  const asTable = params.get('view') === 'table' || isLarge;
  const isEmpty = data.nodes.length === 0;
  return (
    <div className={graph.error ? 'now is-stale-page' : 'now'}>
      <IssueRail graph={data} windowMs={windowMs} selected={selected} onHover={setHovered} onSelect={select} />
      <section className="now-middle" aria-label="Services">
        {graph.error && <Failure error={graph.error} retry={() => void graph.refetch()} stale={ago(data.now, Date.now())} />}
        <div className="now-canvas">
          {isEmpty ? (
            <EmptyRange range={range} />
          ) : asTable ? (
            <MapTable graph={data} windowMs={windowMs} isForced={isLarge} onSelect={select} onShowMap={() => change({ view: undefined })} />
          ) : (
            <>
              <ServiceMap
                graph={data}
                windowMs={windowMs}
                selected={selected}
                highlight={highlight}
                onSelect={select}
                onShowTable={() => change({ view: 'table' })}
              />
              <MapLegend graph={data} />
            </>
          )}
        </div>
        <MinuteStrip
          series={data.series}
          from={data.from}
          to={data.to}
          isZoomed={range.kind === 'absolute'}
          onZoom={(from, to) => change({ range: absolute(from, to).text }, false)}
          onReset={() => change({ range: undefined }, false)}
        />
      </section>
      {selected !== undefined && <NodePanel graph={data} id={selected} range={range} windowMs={windowMs} onSelect={select} />}
    </div>
  );
}

/** `v` works wherever no text is being typed; on the map itself the map answers first. */
function useTableKey(toggle: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== 'v' || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
      if (target.closest('input, textarea, select, [contenteditable], .service-map')) return;
      toggle();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
}
