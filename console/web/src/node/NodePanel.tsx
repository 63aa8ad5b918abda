// The panel of the selected node: why it fails, how long it takes, who calls whom, and its traces.
import Button from '@cloudscape-design/components/button';
import type { Graph } from '../api/generated/Graph';
import type { Stats } from '../api/generated/Stats';
import { useNodeDetail } from '../api/queries';
import { Copy } from '../app/Copy';
import { Failure } from '../app/Failure';
import { Loading } from '../app/Loading';
import { TabRow } from '../app/TabRow';
import { linkTo, go, useAddress } from '../location/address';
import type { Range } from '../location/range';
import { spokenName } from '../map/display-name';
import { glyphOf, kindName } from '../map/kind';
import { KindGlyph } from '../map/KindGlyph';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOMES, OUTCOME_WORD } from '../outcome/outcome';
import { duration, instant, rate, shareOf } from '../quantity';
import { Latency } from './Latency';
import { Neighbours } from './Neighbours';
import { NodeTraces } from './NodeTraces';
import { Why } from './Why';

interface PanelProps {
  graph: Graph;
  id: string;
  range: Range;
  windowMs: number;
  onSelect: (id: string | undefined) => void;
}

export function NodePanel({ graph, id, range, windowMs, onSelect }: PanelProps) {
  const node = graph.nodes.find((one) => one.id === id);
  const { params, change } = useAddress();
  const key = node && { name: node.name, type: node.type ?? undefined, account: node.account ?? undefined };
  const isClient = node?.role === 'client';
  const detail = useNodeDetail(range, isClient ? undefined : key);

  if (node === undefined) {
    return (
      <aside className="panel" aria-label="Selected node">
        <PanelHead title="Not in this range" onClose={() => onSelect(undefined)} />
        <p className="panel-note">The selected node took part in no request of this range.</p>
      </aside>
    );
  }
  const data = detail.data;
  const hasTrouble = node.stats.fault + node.stats.throttle + node.stats.error > 0;
  const callers = data?.callers.length ?? 0;
  const callees = data?.callees.length ?? 0;
  const tabs = data && [
    { id: 'why', label: 'Why', count: data.exceptions.length, content: <Why detail={data} issues={graph.issues} onSelect={onSelect} /> },
    { id: 'latency', label: 'Latency', content: <Latency detail={data} /> },
    { id: 'calls', label: 'Callers and callees', count: callers + callees, content: <Neighbours detail={data} windowMs={windowMs} onSelect={onSelect} /> },
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
          <div className="panel-actions">
            <Button disabled={!data} onClick={() => data && go(linkTo('/traces', { filter: data.filter }))}>
              View traces
            </Button>
            <span className="muted">last seen {instant(node.lastSeen)}</span>
          </div>
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

interface HeadProps {
  title: string;
  full?: string;
  subtitle?: string;
  glyph?: React.ReactNode;
  copy?: string;
  onClose: () => void;
}

function PanelHead({ title, full, subtitle, glyph, copy, onClose }: HeadProps) {
  return (
    <header className="panel-head">
      {glyph && <span className="panel-glyph">{glyph}</span>}
      <div className="panel-title">
        <h2 title={full ?? title}>{title}</h2>
        {subtitle && <span className="muted">{subtitle}</span>}
      </div>
      {copy && <Copy text={copy} what="name" />}
      <Button variant="icon" iconName="close" ariaLabel="Close the panel" onClick={onClose} />
    </header>
  );
}

function Figures({ stats, windowMs }: { stats: Stats; windowMs: number }) {
  return (
    <div className="figures">
      <Figure name="p50" value={duration(stats.p50)} />
      <Figure name="p90" value={duration(stats.p90)} />
      <Figure name="p99" value={duration(stats.p99)} />
      <Figure name="Rate" value={rate(stats.total, windowMs)} />
      <div className="figure-outcomes">
        {OUTCOMES.map((outcome) =>
          stats[outcome] === 0 && outcome !== 'fault' ? null : (
            <span key={outcome}>
              <OutcomeGlyph outcome={outcome} label={false} /> {shareOf(stats[outcome], stats.total)} {OUTCOME_WORD[outcome]}
            </span>
          ),
        )}
      </div>
    </div>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className="figure">
      <span className="figure-value">{value}</span>
      <span className="figure-name">{name}</span>
    </div>
  );
}
