// The panel of the selected node: why it fails, how long it takes, who calls whom, and its traces.
import Button from '@cloudscape-design/components/button';
import { useNow } from '../api/queries';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { TabRow } from '../ui/TabRow';
import { linkTo, go, useAddress } from '../location/address';
import { spokenName } from '../map/display-name';
import { glyphOf, kindName } from '../map/kind';
import { KindGlyph } from '../map/KindGlyph';
import { chainDown } from '../map/path';
import { lasted } from '../now/sentence';
import { instant, plural } from '../quantity';
import { Collected } from './Collected';
import { Latency } from './Latency';
import { Neighbours } from './Neighbours';
import { NodeTraces } from './NodeTraces';
import { Figures, PanelHead } from './PanelHead';
import { useNodeDetail } from './queries';
import { serviceLink } from '../service/link';
import { Series } from './Series';
import type { PanelProps } from './panel';
import { Why } from './Why';

export function NodePanel({ graph, id, range, windowMs, group, onSelect, onFocus }: PanelProps & { id: string }) {
  const node = graph.nodes.find((one) => one.id === id);
  const { params, change } = useAddress();
  const key = node && { name: node.name, type: node.type ?? undefined, account: node.account ?? undefined };
  const isClient = node?.role === 'client';
  const entries = useNow(range).data?.entries ?? [];
  const detail = useNodeDetail(range, isClient ? undefined : key, group);

  if (node === undefined) {
    return (
      <aside className="panel" aria-label="Selected node">
        <PanelHead title="Not in this range" onClose={() => onSelect(undefined)} />
        <p className="panel-note">The selected node took part in no request of this range.</p>
      </aside>
    );
  }
  const data = detail.data;
  const root = node.stats.fault > 0 ? chainDown(graph, id).at(-1)?.target : undefined;
  const hasTrouble = node.stats.fault + node.stats.throttle + node.stats.error > 0;
  const callers = data?.callers.length ?? 0;
  const callees = data?.callees.length ?? 0;
  const tabs = data && [
    { id: 'why', label: 'Why', count: data.exceptions.length, content: <Why detail={data} entries={entries} range={range} group={group} onSelect={onSelect} /> },
    { id: 'latency', label: 'Latency', content: <Latency detail={data} /> },
    { id: 'calls', label: 'Calls', count: callers + callees, content: <Neighbours detail={data} windowMs={windowMs} onSelect={onSelect} /> },
    { id: 'series', label: 'Series', content: <Series detail={data} from={graph.from} to={Math.min(graph.to, graph.now)} /> },
    { id: 'traces', label: 'Traces', content: <NodeTraces detail={data} /> },
  ];
  return (
    <aside className="panel" aria-label={`Node ${node.name}`}>
      <PanelHead
        title={node.role === 'client' ? 'Clients' : spokenName(node.name)}
        full={node.name}
        subtitle={kindName(node.type, node.role)}
        glyph={
          <svg width="20" height="20" viewBox="-8 -8 16 16" aria-hidden="true">
            <KindGlyph kind={glyphOf(node.type, node.role, node.name)} scale={1.2} />
          </svg>
        }
        copy={node.name}
        onClose={() => onSelect(undefined)}
      />
      {isClient ? (
        <p className="panel-note">Whoever calls the first service. X-Ray records nothing of the clients themselves.</p>
      ) : (
        <>
          <Figures stats={node.stats} windowMs={windowMs} />
          {(node.unreached ?? []).map(({ host, calls }) => (
            <p key={host} className="panel-note">
              {plural(calls, 'call')} to <code>{host}</code> did not reach it
            </p>
          ))}
          {node.behind != null && (
            <p className="panel-note">
              Its clock is {lasted(Math.abs(node.behind))} {node.behind > 0 ? 'behind' : 'ahead'}
            </p>
          )}
          <div className="panel-actions">
            <Button disabled={!data} onClick={() => data && go(linkTo('/traces', { filter: data.filter }))}>
              View traces
            </Button>
            {root !== undefined && <Button onClick={() => onSelect(root, 'why')}>Follow the fault</Button>}
            <Button onClick={() => go(serviceLink(node))}>Open its page</Button>
            <Button onClick={() => go(linkTo('/alarms', { dialog: 'new', with: node.name, type: node.type }))}>Make an alarm</Button>
            <Button onClick={() => go(linkTo('/alarms', { tab: 'objectives', dialog: 'new', with: node.name, type: node.type }))}>Set an objective</Button>
            <Button onClick={() => onFocus(id)}>Focus</Button>
            <span className="muted">last seen {instant(node.lastSeen)}</span>
          </div>
          <Collected />
          {detail.error && <Failure error={detail.error} retry={() => void detail.refetch()} />}
          {!data && !detail.error && <Loading label="Asking for details" />}
          {tabs && (
            <TabRow
              tabs={tabs}
              active={params.get('tab') ?? (hasTrouble ? 'why' : 'latency')}
              label={`Details of ${node.name}`}
              onChange={(tab) => change({ tab })}
            />
          )}
        </>
      )}
    </aside>
  );
}
