// What runs here, and where to read on.
import type { Status } from '../api/generated/Status';
import { Copy } from '../ui/Copy';
import { Facts } from './Storage';

const DOCUMENTS: [file: string, what: string][] = [
  ['README.md', 'what Fluoro is, and how to run it'],
  ['docs/migrate.md', 'from X-Ray to Fluoro'],
  ['docs/api.md', 'X-Ray’s API here, operation by operation'],
  ['docs/console-api.md', 'the API of this console'],
  ['docs/protocol.md', 'segments, datagrams and headers'],
  ['docs/security.md', 'keys, policies and TLS'],
  ['docs/agent.md', 'the agent, in the place of the X-Ray daemon'],
  ['docs/format/', 'the files of the store, byte by byte'],
];

export function About({ status }: { status: Status }) {
  const daemon = `AWS_XRAY_DAEMON_ADDRESS=${status.listeners.udp}`;
  return (
    <section aria-labelledby="about">
      <h2 id="about">About</h2>
      <Facts
        facts={[
          ['Fluoro', `version ${status.version}`],
          ['X-Ray’s API', <code key="http">{window.location.origin}</code>],
          [
            'For SDKs',
            <span key="udp">
              <code>{daemon}</code> <Copy text={daemon} what="variable" />
            </span>,
          ],
          [
            'Metrics',
            <a key="metrics" className="text-link" href="/metrics">
              /metrics
            </a>,
          ],
        ]}
      />
      <h3>Documentation</h3>
      <p className="muted small">It lies beside the source, in files of this version:</p>
      <ul className="about-docs">
        {DOCUMENTS.map(([file, what]) => (
          <li key={file}>
            <code>{file}</code> <span className="muted">{what}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
