// Before any data: where to send it, how to send one trace now, and why something was refused.
import Button from '@cloudscape-design/components/button';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { post } from '../api/client';
import type { Status } from '../api/generated/Status';
import { useLive } from '../api/live';
import { useSession } from '../api/useSession';
import { Copy } from '../ui/Copy';
import { Failure } from '../ui/Failure';
import { TabRow } from '../ui/TabRow';
import { useAddress } from '../location/address';
import { count } from '../quantity';
import { Doctor } from './Doctor';
import { otelSnippets } from './otel-snippets';
import { reachable, snippetsFor, type Snippet } from './snippets';
import './first.css';

export function FirstRun({ status }: { status: Status }) {
  const queries = useQueryClient();
  const session = useSession();
  const test = useMutation({
    mutationFn: () => post<unknown>('/api/test-trace'),
    onSuccess: () => queries.invalidateQueries(),
  });
  const daemon = `AWS_XRAY_DAEMON_ADDRESS=${reachable(status.listeners.udp)}`;
  return (
    <div className="page first">
      <header className="first-head">
        <h1>No traces yet. This server is ready.</h1>
        <p>As soon as the first one arrives, this page becomes the map of your services.</p>
      </header>
      <Doors status={status} />
      <section className="step">
        <h2>
          <span className="step-number">1</span> Send one trace now
        </h2>
        <div className="step-test">
          <Button variant="primary" loading={test.isPending} onClick={() => test.mutate()}>
            Send a test trace for me
          </Button>
          <span className="muted">or from a program of yours:</span>
        </div>
        {test.error && <Failure error={test.error} retry={() => test.mutate()} />}
        <Snippets label="Ways to send a trace" name="with" snippets={snippetsFor(status.listeners)} />
      </section>
      <section className="step">
        <h2>
          <span className="step-number">2</span> Point your application here
        </h2>
        <p>Any program with an X-Ray SDK sends to this address by one variable; nothing else changes.</p>
        <p className="expression">
          <code>{daemon}</code> <Copy text={daemon} what="variable" />
        </p>
        <h3>With OpenTelemetry</h3>
        <p>An SDK, an agent or the collector sends its spans to the same server, by HTTP or gRPC. Both kinds meet in one trace.</p>
        <Snippets label="OpenTelemetry by language" name="otel" snippets={otelSnippets(status.listeners, { isEncrypted: location.protocol === 'https:', needsKey: session?.required ?? false })} />
      </section>
      <section className="step">
        <h2>
          <span className="step-number">3</span> See it
        </h2>
        <p>This page turns into the map by itself.</p>
      </section>
      <Doctor status={status} />
    </div>
  );
}

/** The first one is open unless the address names another under `name`. */
function Snippets({ label, name, snippets }: { label: string; name: string; snippets: Snippet[] }) {
  const { params, change } = useAddress();
  const first = snippets[0]!.id;
  return (
    <TabRow
      label={label}
      active={params.get(name) ?? first}
      onChange={(id) => change({ [name]: id === first ? undefined : id })}
      tabs={snippets.map((snippet) => ({
        id: snippet.id,
        label: snippet.title,
        content: (
          <div className="snippet">
            <div className="snippet-head">
              <span className="muted">
                needs <code>{snippet.needs}</code>
              </span>
              <Copy text={snippet.text} what={`snippet for ${snippet.title}`} label="Copy" />
            </div>
            <pre tabIndex={0} aria-label={`Snippet for ${snippet.title}`}>
              {snippet.text}
            </pre>
          </div>
        ),
      }))}
    />
  );
}

function Doors({ status }: { status: Status }) {
  const { pulse } = useLive();
  const documents = Math.max(status.receivedDocuments, pulse?.receivedDocuments ?? 0);
  const refused = Math.max(
    status.refused.reduce((sum, one) => sum + one.count, 0),
    pulse?.refusedDocuments ?? 0,
  );
  return (
    <section className="doors" aria-label="Where this server listens">
      <Door name="UDP" address={status.listeners.udp} note="X-Ray daemon protocol" />
      <Door name="HTTP" address={status.listeners.http} note="X-Ray API and OTLP" />
      <dl className="door-counts" aria-live="polite">
        <div>
          <dt>Received</dt>
          <dd>{count(documents)}</dd>
        </div>
        <div>
          <dt>Refused</dt>
          <dd>{count(refused)}</dd>
        </div>
      </dl>
      <span className="door-waiting">
        <span className="live-dot" aria-hidden="true" /> listening, waiting …
      </span>
    </section>
  );
}

function Door({ name, address, note }: { name: string; address: string; note: string }) {
  return (
    <div className="door">
      <span className="door-name">{name}</span>
      <code>{address}</code> <Copy text={reachable(address)} what={`${name} address`} />
      <span className="muted">{note}</span>
    </div>
  );
}
