// Exceptions of a span with their stack frames, and those that its cause refers to.
import Button from '@cloudscape-design/components/button';
import type { SpanDetail } from '../api/generated/SpanDetail';
import type { SpanException } from '../api/generated/SpanException';
import type { StackFrame } from '../api/generated/StackFrame';
import { Copy } from '../ui/Copy';
import { quoted } from '../filter/expression';
import { go, linkTo, useAddress } from '../location/address';
import { plural } from '../quantity';
import './span.css';

export function Exceptions({ detail }: { detail: SpanDetail }) {
  return (
    <ol className="exceptions">
      {detail.exceptions.map((exception, index) => (
        <Exception key={index} exception={exception} isNested={index > 0} />
      ))}
    </ol>
  );
}

export function frameText({ path, line, label }: StackFrame): string {
  const place = [path, line].filter((part) => part != null && part !== '').join(':');
  if (!label) return place;
  return place === '' ? label : `${label} (${place})`;
}

function asText(exception: SpanException): string {
  const head = [exception.type, exception.message].filter(Boolean).join(': ');
  return [head, ...exception.stack.map((frame) => `  at ${frameText(frame)}`)].join('\n');
}

function Exception({ exception, isNested }: { exception: SpanException; isNested: boolean }) {
  const { change } = useAddress();
  const { recordedAt } = exception;
  return (
    <li className="exception">
      <h3>
        <span className="mono">{exception.type ?? 'Exception'}</span> <Copy text={asText(exception)} what="exception with its stack" />
      </h3>
      {exception.message && <p className="exception-message">{exception.message}</p>}
      <p className="muted">
        {exception.remote ? 'Raised by the service that was called. ' : ''}
        {recordedAt ? (
          <>
            Recorded at{' '}
            <button type="button" className="text-link plain" onClick={() => change({ span: recordedAt, pane: 'exceptions' })}>
              span {recordedAt}
            </button>
            .
          </>
        ) : isNested ? (
          'A cause of the one above or beside it.'
        ) : null}
      </p>
      {exception.stack.length > 0 && (
        <ol className="stack" aria-label="Stack">
          {exception.stack.map((frame, index) => (
            <li key={index}>
              <span className="frame-label">{frame.label ?? '?'}</span>
              <span className="frame-place">{[frame.path, frame.line].filter((part) => part != null && part !== '').join(':')}</span>
            </li>
          ))}
        </ol>
      )}
      {exception.truncated > 0 && <p className="muted">{plural(exception.truncated, 'frame')} cut by the SDK.</p>}
      {exception.stack.length === 0 && exception.truncated === 0 && <p className="muted">No stack was recorded.</p>}
      {exception.type && (
        <Button
          onClick={() => go(linkTo('/traces', { filter: `rootcause.fault.exception { name = ${quoted(exception.type!)} }` }))}
        >
          Find similar
        </Button>
      )}
    </li>
  );
}
