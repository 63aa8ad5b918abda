// How long a span took among its like: a badge where the sketches of the minutes can say so.
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Percentile } from '../api/generated/Percentile';
import type { Span } from '../api/generated/Span';
import { serverNow } from '../api/live';
import { isFromFile } from '../file/held';
import { spokenName } from '../map/display-name';
import { compactCount, duration } from '../quantity';

/** Of fewer a percentile says nothing. */
const LEAST = 20;
const STALE_MS = 60_000;

export function Standing({ trace, span }: { trace: string; span: Span }) {
  const answer = useQuery({
    queryKey: ['percentile', trace, span.id],
    queryFn: ({ signal }) => get<Percentile>(`/api/traces/${encodeURIComponent(trace)}/spans/${encodeURIComponent(span.id)}/percentile`, {}, signal),
    staleTime: STALE_MS,
    enabled: span.duration != null && !isFromFile(trace),
  });
  const sentence = answer.data && sentenceOf(span, answer.data);
  return sentence === undefined ? null : <p className="standing">{sentence}</p>;
}

export function sentenceOf(span: Pick<Span, 'duration'>, { node, caller, total, noLonger, to }: Percentile): string | undefined {
  if (node == null || total < LEAST) return undefined;
  const name = spokenName(node);
  const of = caller == null ? name : `calls from ${spokenName(caller)} to ${name}`;
  const when = to > serverNow() - 3_600_000 ? 'in the last 24 h' : 'in the 24 h around it';
  const rank = Math.max(1, Math.min(99, Math.floor((100 * noLonger) / total)));
  return `${duration(span.duration)} is about p${rank} of ${of} ${when} (${compactCount(total)} counted).`;
}
