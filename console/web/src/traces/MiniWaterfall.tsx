// How a trace spent its time, in a few lines: beside the list, and on top of a comparison.
import { Link } from 'wouter';
import type { Span } from '../api/generated/Span';
import { traceLink } from '../location/address';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { duration, plural } from '../quantity';
import { toldOf, twinsOf, withoutTwins } from '../trace/twin';
import '../chart/strip.css';

/** Enough to see where the time went; the trace itself has all. */
const SPANS = 40;

interface MiniProps {
  spans: readonly Span[];
  focus?: string;
  id: string;
  most?: number;
  /** Milliseconds across, where two are to be compared. */
  length?: number;
}

export function MiniWaterfall({ spans, focus, id, most = SPANS, length }: MiniProps) {
  const twins = twinsOf(spans);
  const drawn = withoutTwins(spans);
  const twinOf = new Map([...twins].map(([call, twin]) => [spans[call]!.id, spans[twin]!]));
  const end = spans.reduce((end, span) => Math.max(end, span.start + (span.duration ?? 0)), length ?? 1);
  const least = spans.reduce((least, span) => Math.min(least, span.start), 0);
  const part = (ms: number) => `${Math.max(0, Math.min(100, (ms / (end - least)) * 100))}%`;
  return (
    <ol className="preview-bars" aria-label="Spans">
      {drawn.slice(0, most).map((span) => {
        const { what, who } = toldOf(span, twinOf.get(span.id));
        const name = span.kind === 'subsegment' && what !== '' ? what : who;
        return (
          <li key={span.id} className={span.id === focus ? 'is-focus' : undefined}>
            <Link href={traceLink(id, { span: span.id })} title={`${[what, who].filter(Boolean).join(', ')}, ${duration(span.duration)}`}>
              <span className="preview-name" style={{ paddingLeft: Math.min(span.depth, 8) * 8 }}>
                {span.outcome !== 'ok' && <OutcomeGlyph outcome={span.outcome} />} {name}
              </span>
              <span className="preview-track">
                <span className={`bar-${span.outcome}`} style={{ marginLeft: part(span.start - least), width: part(span.duration ?? end - span.start) }} />
              </span>
              <span className="preview-time">{duration(span.duration)}</span>
            </Link>
          </li>
        );
      })}
      {drawn.length > most && <li className="muted small">{plural(drawn.length - most, 'more span')} in the trace itself</li>}
    </ol>
  );
}
