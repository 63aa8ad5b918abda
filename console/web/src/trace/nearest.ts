// Requests of the same kind as that of a trace, those that went well where it did not.
import { get } from '../api/client';
import type { TraceList } from '../api/generated/TraceList';
import type { TraceRow } from '../api/generated/TraceRow';
import { and, quoted } from '../filter/expression';

/** Looked for near the trace first; further away only where there is nothing near. */
const AROUND_MS = [15 * 60_000, 12 * 3_600_000];
const LOOKED_AT = 300;
const OFFERED = 12;

/** Traces with the same entry, the nearest first. */
export async function nearest(summary: TraceRow, wantsGood: boolean, signal: AbortSignal): Promise<TraceRow[]> {
  const outcome = wantsGood ? 'ok' : undefined;
  const entry = summary.entryPoint == null ? undefined : `service(${quoted(summary.entryPoint)})`;
  const method = summary.method == null ? undefined : `http.method = ${quoted(summary.method)}`;
  const exact = summary.url == null ? undefined : `http.url = ${quoted(summary.url)}`;
  for (const around of AROUND_MS) {
    for (const filter of [exact && and(exact, method, outcome), and(entry, method, outcome)]) {
      if (filter === undefined) continue;
      const range = { from: Math.floor(summary.start - around), to: Math.ceil(summary.start + around) };
      const list = await get<TraceList>('/api/traces', { ...range, filter, limit: LOOKED_AT }, signal);
      const others = list.traces.filter((row) => row.id !== summary.id && row.entryPoint === summary.entryPoint);
      others.sort((a, b) => Math.abs(a.start - summary.start) - Math.abs(b.start - summary.start));
      if (others.length > 0) return others.slice(0, OFFERED);
    }
  }
  return [];
}
