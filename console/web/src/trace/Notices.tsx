// What the reader should know before looking at bars: what is missing, which shapes are there, and what the trace is linked with.
import { useState } from 'react';
import { Link } from 'wouter';
import type { LinkedTrace } from '../api/generated/LinkedTrace';
import { traceLink } from '../location/address';
import { count, duration, plural } from '../quantity';
import type { Shown } from './useShown';

/** More lines than this push the waterfall out of sight. */
const MOST_LINES = 3;

export function Notices({ shown }: { shown: Shown }) {
  const { trace, spans, select } = shown;
  const { missing, hidden, leftOut, patterns, links, clocks } = trace;
  const open = (id: string | null | undefined) => {
    const index = spans.findIndex((span) => span.id === id);
    if (index >= 0) select(index);
  };
  const lacks = [
    ...missing.map(({ sentence, span }) => ({ sentence, span })),
    ...(hidden > 0
      ? [{ sentence: `The trace has ${count(hidden + spans.length)} spans; the first ${count(spans.length)} of them are shown. Its documents hold all.`, span: undefined }]
      : []),
    ...(leftOut > 0
      ? [{ sentence: `The trace is larger than 16 MiB; ${plural(leftOut, 'document')} beyond that ${leftOut === 1 ? 'is' : 'are'} left out.`, span: undefined }]
      : []),
  ];
  if (lacks.length === 0 && patterns.length === 0 && clocks.length === 0 && links.previous.length === 0 && links.next.length === 0) return null;
  return (
    <div className="notices">
      <Lines
        className="notice-missing"
        title={`This trace is not complete (${lacks.length})`}
        lines={lacks.map(({ sentence, span }) => ({ text: sentence, open: span == null ? undefined : () => open(span) }))}
      />
      <Lines
        className="notice-pattern"
        title={plural(patterns.length, 'suspicious shape')}
        lines={patterns.map((pattern) => ({ text: pattern.sentence, open: () => open(pattern.evidence[0] ?? pattern.parent) }))}
      />
      <Lines
        className="notice-pattern"
        title={plural(clocks.length, 'clock is off', 'clocks are off')}
        lines={clocks.map(({ node, behind }) => ({ text: clockSentence(node, behind, shown.asSent) }))}
      />
      <Linked title={`Produced by ${plural(links.previous.length, 'trace')}`} links={links.previous} />
      <Linked title={`Went on in ${plural(links.next.length, 'trace')}`} links={links.next} />
    </div>
  );
}

function clockSentence(node: string, behind: number, asSent: boolean): string {
  const by = `The clock of \`${node}\` is ${duration(Math.abs(behind))} ${behind > 0 ? 'behind' : 'ahead'}`;
  return asSent ? `${by}, as its bars show.` : `${by}; its bars are drawn inside of the calls that it served.`;
}

interface Line {
  text: string;
  open?: () => void;
}

function Lines({ className, title, lines }: { className: string; title: string; lines: Line[] }) {
  const [showsAll, setShowsAll] = useState(false);
  if (lines.length === 0) return null;
  const shown = showsAll ? lines : lines.slice(0, MOST_LINES);
  return (
    <section className={`notice-lines ${className}`} aria-label={title}>
      <svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true">
        <path d="M0-6.5 7 6H-7ZM0-2.5V2M0 3.6V4.4" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" />
      </svg>
      <ul>
        {shown.map(({ text, open }, index) => (
          <li key={index}>
            <Words text={text} />{' '}
            {open && (
              <button type="button" className="text-link plain" onClick={open} aria-label={`Show the span: ${text}`}>
                Show
              </button>
            )}
          </li>
        ))}
        {lines.length > shown.length && (
          <li>
            <button type="button" className="text-link plain" onClick={() => setShowsAll(true)}>
              {plural(lines.length - shown.length, 'more line')}
            </button>
          </li>
        )}
      </ul>
    </section>
  );
}

/** Names between back quotes are set as code. */
function Words({ text }: { text: string }) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : <span key={index}>{part}</span>));
}

function Linked({ title, links }: { title: string; links: LinkedTrace[] }) {
  const [showsAll, setShowsAll] = useState(false);
  if (links.length === 0) return null;
  const shown = showsAll ? links : links.slice(0, MOST_LINES);
  return (
    <section className="notice-linked" aria-label={title}>
      <strong>{title}</strong>
      <ul>
        {shown.map((link) => (
          <li key={link.id}>
            <Link className="linked-trace mono" href={traceLink(link.id)}>
              {link.id}
            </Link>
          </li>
        ))}
      </ul>
      {links.length > shown.length && (
        <button type="button" className="text-link plain" onClick={() => setShowsAll(true)}>
          {plural(links.length - shown.length, 'other')}
        </button>
      )}
    </section>
  );
}
