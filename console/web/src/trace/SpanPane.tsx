// Everything that was recorded about one span, in six tabs that always stand at the same place.
// What came by OTLP has attributes and events where X-Ray has annotations and metadata.
import { Link } from 'wouter';
import type { Span } from '../api/generated/Span';
import type { SpanDetail } from '../api/generated/SpanDetail';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { useSpan } from '../api/queries';
import { Copy } from '../ui/Copy';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { TabRow, type Tab } from '../ui/TabRow';
import { linkTo, useAddress } from '../location/address';
import { usePreferences } from '../location/preference';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOME_NAME } from '../outcome/outcome';
import { spokenName } from '../map/display-name';
import { duration } from '../quantity';
import { annotationsOf, metadataOf, overviewOf, remoteOf, resourcesOf, sqlOf, type Fact } from './document';
import { Exceptions } from './Exceptions';
import { Facts } from './Facts';
import { Grip } from './Grip';
import { JsonTree } from './JsonTree';
import { OtlpAttributesTab, OtlpEvents, OtlpResourceTab } from './Otlp';
import { otlpOverview } from './otlp';
import { similarTo } from './similar';
import { Sql } from './Sql';
import { Standing } from './Standing';
import type { Shown } from './useShown';
import '../node/panel.css';
import './span.css';

const KIND = { segment: 'Segment', subsegment: 'Subsegment', inferred: 'Inferred segment' } as const;

export function SpanPane({ shown: { trace, spans, tree, selected, setFind }, span }: { shown: Shown; span: Span }) {
  const { params, change } = useAddress();
  const { detailWidth } = usePreferences();
  const detail = useSpan(trace.summary.id, span.id);
  const shown = detail.data?.id === span.id ? detail.data : undefined;
  const twin = spans[tree.twins.get(selected) ?? -1];
  const similar = similarTo(trace, span, twin);
  const wanted = params.get('pane');
  const tabs = shown ? tabsOf(trace, span, twin, shown, setFind) : [];
  const isThere = (id: string | null) => tabs.some((tab) => tab.id === id && tab.emptyReason === undefined);
  const active = isThere(wanted) ? wanted! : (span.exceptions ?? 0) > 0 && isThere('exceptions') ? 'exceptions' : 'overview';
  return (
    <aside className="span-pane" aria-label={`Details of ${span.name}`} style={{ width: detailWidth }}>
      <Grip />
      <header className="panel-head">
        <div className="panel-title">
          <h2 title={span.name}>{span.name}</h2>
          <span className="muted">
            {KIND[span.kind]} {span.kind === 'subsegment' ? `of ${span.service}` : ''}
            {twin && `, remote: ${spokenName(twin.service)}`}
            {shown?.otlp && ` · ${shown.otlp.kind}`}
          </span>
        </div>
        <Copy text={span.name} what="name" />
      </header>
      <p className="span-line">
        <span className={`status-word outcome-text-${span.outcome}`}>
          <OutcomeGlyph outcome={span.outcome} label={false} /> {span.status ?? ''} {OUTCOME_NAME[span.outcome]}
        </span>
        <span>{span.duration == null ? 'in progress' : duration(span.duration)}</span>
        <span className="muted">starts at {duration(span.start)}</span>
        <Link className="text-link" href={linkTo('/traces', { filter: similar })} title={similar}>
          Find similar
        </Link>
      </p>
      {shown && shown.logs.length > 0 && (
        <p className="span-logs">
          Logs:{' '}
          {shown.logs.map(({ title, url }, place) => (
            <a key={place} className="text-link" href={url} target="_blank" rel="noopener noreferrer">
              {title}
            </a>
          ))}
        </p>
      )}
      <Standing trace={trace.summary.id} span={span} />
      {detail.error && <Failure error={detail.error} retry={() => void detail.refetch()} />}
      {!shown && !detail.error && <Loading label="Fetching the span" />}
      {shown && <TabRow tabs={tabs} active={active} label={`Details of ${span.name}`} onChange={(pane) => change({ pane })} />}
    </aside>
  );
}

function tabsOf(trace: TraceDetail, span: Span, twin: Span | undefined, detail: SpanDetail, onFind: (text: string) => void): Tab[] {
  const annotations = annotationsOf(detail);
  const metadata = metadataOf(detail);
  const resources = resourcesOf(detail);
  const sql = sqlOf(detail);
  const tab = (id: string, name: string, amount: number | undefined, why: string, content: React.ReactNode) => ({
    id,
    label: name,
    count: amount,
    emptyReason: amount === 0 ? why : undefined,
    content,
  });
  const facts = (list: Fact[]) => <Facts facts={list} />;
  const { otlp } = detail;
  const exceptions = tab('exceptions', 'Exceptions', detail.exceptions.length, 'No exception was recorded.', <Exceptions detail={detail} />);
  const query = tab('sql', 'SQL', sql.length, 'This is no database query.', <Sql span={span} twin={twin} facts={sql} onFind={onFind} />);
  if (otlp) {
    const { attributes, resource, events } = otlp;
    return [
      tab('overview', 'Overview', undefined, '', facts([...otlpOverview(otlp), ...overviewOf(trace, span, detail), ...remoteOf(twin)])),
      tab('resources', 'Resource', resource.shown.length + resource.more, 'Nothing says where this ran.', <OtlpResourceTab span={otlp} inXray={resources} />),
      tab('attributes', 'Attributes', attributes.shown.length + attributes.more, 'No attributes were recorded.', <OtlpAttributesTab span={otlp} />),
      tab('events', 'Events', events.length + otlp.moreEvents, 'No events were recorded.', <OtlpEvents id={span.id} span={otlp} />),
      exceptions,
      query,
    ];
  }
  return [
    tab('overview', 'Overview', undefined, '', facts([...overviewOf(trace, span, detail), ...remoteOf(twin)])),
    tab('resources', 'Resources', resources.length, 'Nothing says where this ran.', facts(resources)),
    tab('annotations', 'Annotations', annotations.length, 'No annotations were recorded.', facts(annotations)),
    tab('metadata', 'Metadata', metadata.length, 'No metadata was recorded.', <Metadata spaces={metadata} />),
    exceptions,
    query,
  ];
}

function Metadata({ spaces }: { spaces: [string, unknown][] }) {
  return (
    <>
      {spaces.map(([space, value]) => (
        <section key={space} className="metadata">
          <h3>
            {space} <Copy text={JSON.stringify(value, null, 2)} what={`metadata ${space}`} />
          </h3>
          <JsonTree value={value} />
        </section>
      ))}
    </>
  );
}
