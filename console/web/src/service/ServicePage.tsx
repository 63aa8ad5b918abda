// One service: its figures over time, what it was asked for, its versions, what it raised, and who is around it.
import { Link } from 'wouter';
import { ApiError } from '../api/client';
import { serverNow } from '../api/live';
import { useGraph, useNow } from '../api/queries';
import { IssueLines } from './IssueLines';
import { Blank } from '../ui/Blank';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { go, linkTo, useAddress, useGroup, useRange } from '../location/address';
import { boundsOf, lengthOf } from '../location/range';
import { spokenName } from '../map/display-name';
import { kindName } from '../map/kind';
import { Latency } from '../node/Latency';
import { Neighbours } from '../node/Neighbours';
import { NodeTraces } from '../node/NodeTraces';
import { Figures } from '../node/PanelHead';
import { useNodeDetail, type NodeKey } from '../node/queries';
import { Series } from '../node/Series';
import { plural } from '../quantity';
import { Raised } from '../exceptions/Raised';
import { LookedAt } from './LookedAt';
import { Operations } from './Operations';
import { useExceptions, useServiceWork } from './queries';
import { Versions } from './Versions';
import '../node/panel.css';
import './service.css';

/** A link may name a service alone: where one node has that name, its type and account are that one's. */
function useKey(name: string): NodeKey {
  const { params } = useAddress();
  const named = (useGraph(useRange()).data?.nodes ?? []).filter((node) => node.name === name && node.role !== 'client');
  const only = params.get('type') === null && named.length === 1 ? named[0] : undefined;
  return { name, type: params.get('type') ?? only?.type ?? undefined, account: params.get('account') ?? only?.account ?? undefined };
}

export default function ServicePage({ name }: { name: string }) {
  useTitle(spokenName(name));
  const range = useRange();
  const group = useGroup();
  const key = useKey(name);
  const detail = useNodeDetail(range, key, group);
  const work = useServiceWork(range, key, group);
  const raised = useExceptions(range, group).data?.exceptions ?? [];
  const entries = useNow(range).data?.entries ?? [];
  const failure = detail.error ?? work.error;
  if (failure instanceof ApiError && failure.status === 404 && !detail.data) {
    return (
      <div className="page">
        <Blank title={`${spokenName(name)} was not seen in this time`} actions={<Link className="text-link" href={linkTo('/services')}>All services of this time</Link>}>
          It took part in no request of the chosen range, or its name is another one. Choose a range that has it, above.
        </Blank>
      </div>
    );
  }
  if (failure && !detail.data) return <Failure error={failure} retry={() => void Promise.all([detail.refetch(), work.refetch()])} />;
  if (!detail.data || !work.data) return <Loading label="Adding up what it did" />;
  const { node, callers, callees } = detail.data;
  const { from, to } = boundsOf(range, serverNow());
  const windowMs = lengthOf(range);
  const own = raised.filter((one) => one.nodeId === node.id);
  const select = (id: string) => go(linkTo('/', { sel: id }));
  return (
    <div className="page service">
      <PageHead
        title={spokenName(name)}
        actions={
          <>
            <Link className="text-link" href={linkTo('/', { sel: node.id })}>
              On the map
            </Link>
            <Link className="text-link" href={linkTo('/traces', { filter: work.data.filter })}>
              Its traces
            </Link>
          </>
        }
      >
        {kindName(node.type, node.role)}, called by {plural(callers.length, 'node')}, calls {plural(callees.length, 'node')}
      </PageHead>
      <IssueLines entries={entries.filter((entry) => entry.nodeId === node.id || entry.affected.includes(node.id))} of={node.id} />
      <Figures stats={node.stats} windowMs={windowMs} />
      <div className="service-charts">
        <section aria-label="Requests over time">
          <h2>Requests over time</h2>
          <Series detail={detail.data} from={from} to={Math.min(to, serverNow())} />
        </section>
        <section aria-label="Response times">
          <h2>Response times</h2>
          <Latency detail={detail.data} />
        </section>
      </div>
      <section aria-label="What it was asked for">
        <h2>Operations</h2>
        <LookedAt {...work.data} />
        <Operations work={work.data} windowMs={windowMs} entryOf={callers.some(({ type }) => type === 'client') ? key : undefined} />
      </section>
      <section aria-label="Deployments">
        <h2>Versions</h2>
        <Versions versions={work.data.versions} exceptions={own} />
      </section>
      <section aria-label="What it raised">
        <h2>Exceptions</h2>
        <Raised exceptions={own} isOfOne />
      </section>
      <section aria-label="Dependencies">
        <h2>Dependencies</h2>
        <Neighbours detail={detail.data} windowMs={windowMs} onSelect={select} />
      </section>
      <section aria-label="Newest traces">
        <h2>Newest traces</h2>
        <NodeTraces detail={detail.data} />
      </section>
    </div>
  );
}
