// Home: issues on the left, the live map, the strip of time below, and what is selected on the right.
import { lazy, Suspense, useMemo, useRef, useState } from 'react';
import { useGraph, useNow, useStatus } from '../api/queries';
import type { Graph } from '../api/generated/Graph';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { useShortcuts } from '../ui/useShortcuts';
import { useTabStatus } from '../ui/useTabStatus';
import { FirstRun } from '../first/FirstRun';
import { useAddress, useRange } from '../location/address';
import { lengthOf, type Range } from '../location/range';
import { ExportMenu } from '../map/export/ExportMenu';
import { metricIn, sizeIn, widthIn } from '../map/metric';
import { faultPath, neighbourhood } from '../map/path';
import { ServiceMap } from '../map/ServiceMap';
import { sharesOf } from '../map/share';
import { useScene } from '../map/view/useScene';
import { useEdgeShares } from '../path/queries';
import { ago } from '../quantity';
import { EmptyRange } from './EmptyRange';
import { goingOn, outages } from '../issue/issue';
import type { HoverPath } from './IssueCard';
import { IssueRail } from './IssueRail';
import { MapBar } from './MapBar';
import { MapLegend } from './MapLegend';
import { OnsetList } from './OnsetList';
import { PathBar } from './PathBar';
import { Scrubber } from './Scrubber';
import { useMapActions } from './useMapActions';
import { useTime } from './useTime';
import './map-bar.css';
import './now.css';

// The map is first; what opens beside it or in its place comes when it is asked for.
const SidePanel = lazy(() => import('../node/SidePanel'));
const MapTable = lazy(() => import('../map/MapTable'));

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
  const graph = useGraph(range);
  if (graph.data === undefined) {
    return graph.error ? <Failure error={graph.error} retry={() => void graph.refetch()} /> : <Loading label="Drawing the map" />;
  }
  return <Loaded data={graph.data} error={graph.error} retry={() => void graph.refetch()} range={range} />;
}

interface LoadedProps {
  data: Graph;
  error: Error | null;
  retry: () => void;
  range: Range;
}

function Loaded({ data, error, retry, range }: LoadedProps) {
  const { params, change } = useAddress();
  const [hovered, setHovered] = useState<HoverPath>();
  const onHover = (path: HoverPath | undefined) => setHovered((before) => (before?.nodeId === path?.nodeId ? before : path));
  const field = useRef<HTMLInputElement>(null);
  const time = useTime(data, range, params, change);
  const windowMs = windowOf(data, range);
  const now = useNow(range).data;
  // One list as long as it says the same, since the map is arranged anew for another.
  const culprits = goingOn(now).map((entry) => entry.nodeId).join('\n');
  const origins = useMemo(() => culprits.split('\n').filter(Boolean), [culprits]);
  const view = useScene(time.shown, origins, params, windowMs);
  const actions = useMapActions({ graph: time.shown, view, params, change, field });
  const selected = params.get('sel') ?? undefined;
  const group = params.get('group') ?? undefined;
  const highlight = useMemo(() => {
    // What one selected stays lit, whatever passes under the pointer.
    if (hovered === undefined || selected !== undefined) return undefined;
    return hovered.isFault ? faultPath(data, hovered.nodeId, hovered.affected) : neighbourhood(data, hovered.nodeId);
  }, [data, hovered, selected]);
  const width = widthIn(params);
  const paths = useEdgeShares(range, width !== 'rate').data;
  const shares = useMemo(() => (paths && width !== 'rate' ? sharesOf(paths, width, view.scene) : undefined), [paths, width, view.scene]);
  useTabStatus(outages(now));
  const toggleTable = () => change({ view: params.get('view') === 'table' ? undefined : 'table' });
  useShortcuts({ v: toggleTable, l: time.toLive });

  const asTable = params.get('view') === 'table';
  const isEmpty = data.nodes.length === 0;
  const replayMs = time.replay ? Math.max(1, time.replay.step) : windowMs;
  return (
    <div className={error ? 'now is-stale-page' : 'now'}>
      <h1 className="visually-hidden">Now</h1>
      <IssueRail graph={data} now={now} windowMs={windowMs} selected={selected} onHover={onHover} onSelect={actions.onSelect} />
      <section className="now-middle" aria-label="Map and minutes">
        {error && <Failure error={error} retry={retry} stale={ago(data.now, Date.now())} />}
        {!isEmpty && (
          <MapBar view={view} params={params} change={change} field={field} onEnter={actions.onEnter} onLeave={actions.onLeaveFind} />
        )}
        <div className="now-canvas">
          {isEmpty ? (
            <EmptyRange range={range} group={group} />
          ) : asTable ? (
            <Suspense fallback={<Loading label="Loading the table" />}>
              <MapTable graph={time.shown} view={view} windowMs={windowMs} onSelect={actions.onSelect} onShowMap={toggleTable} />
            </Suspense>
          ) : (
            <>
              <ServiceMap
                view={view}
                windowMs={time.isReplay ? replayMs : windowMs}
                metric={metricIn(params)}
                size={sizeIn(params)}
                selected={selected}
                highlight={highlight}
                isReplay={time.isReplay}
                shares={time.isReplay ? undefined : shares}
                exportMenu={<ExportMenu graph={data} windowMs={windowMs} group={group} />}
                {...actions}
              />
              {selected !== undefined && !time.isReplay && <PathBar graph={data} selected={selected} onSelect={actions.onSelect} />}
              {time.replay && time.player.frame !== undefined && (
                <OnsetList graph={data} entries={now?.entries ?? []} replay={time.replay} frame={time.player.frame} onSelect={actions.onSelect} />
              )}
              {view.scene.nodes.length === 0 && (
                <div className="empty map-empty" role="status">
                  <h2>Everything is hidden</h2>
                </div>
              )}
              <MapLegend graph={data} drawn={view.scene.nodes.length} hasBoxes={view.scene.nodes.some((node) => node.box !== undefined)} paths={shares && paths} />
            </>
          )}
        </div>
        <Scrubber
          history={time.history ?? { ...time.strip, step: 60_000, points: data.series, versions: [] }}
          strip={time.strip}
          window={time.window}
          isLive={range.kind === 'relative'}
          player={time.player}
          frameAt={time.frameAt}
          onWindow={time.onWindow}
          onLive={time.toLive}
        />
      </section>
      {selected !== undefined && (
        <Suspense fallback={<aside className="panel" aria-label="Selected node"><Loading label="Loading the panel" /></aside>}>
          <SidePanel graph={data} scene={view.scene} range={range} windowMs={windowMs} selected={selected} group={group} onSelect={actions.onSelect} onToggleBox={actions.onToggleBox} onFocus={actions.onFocus} />
        </Suspense>
      )}
    </div>
  );
}
