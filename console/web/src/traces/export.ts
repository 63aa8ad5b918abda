// The list of traces for other tools: CSV of what is shown, and the documents as X-Ray's API gives them.
import type { TraceRow } from '../api/generated/TraceRow';
import { callOperation } from '../api/operation';

/** X-Ray's limit for one call. */
const IDS_A_CALL = 5;

const FIELDS: [string, (row: TraceRow) => unknown][] = [
  ['id', (row) => row.id],
  ['start', (row) => new Date(row.start).toISOString()],
  ['response_time_ms', (row) => row.responseTime],
  ['duration_ms', (row) => row.duration],
  ['outcome', (row) => row.outcome],
  ['method', (row) => row.method],
  ['url', (row) => row.url],
  ['status', (row) => row.status],
  ['entry_point', (row) => row.entryPoint],
  ['origin', (row) => row.origin],
  ['exception', (row) => row.exception],
  ['users', (row) => row.users.join(' ')],
  ['services', (row) => row.services.join(' ')],
  ['client_ip', (row) => row.clientIp],
];

/** Text that a spreadsheet would take for a formula is made plain by a leading apostrophe. */
function cell(value: unknown): string {
  const text = value == null ? '' : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvOf(rows: TraceRow[], annotations: string[]): string {
  const head = [...FIELDS.map(([name]) => name), ...annotations.map((key) => `annotation.${key}`)];
  const lines = rows.map((row) => [...FIELDS.map(([, read]) => read(row)), ...annotations.map((_, index) => row.columns[index])]);
  return [head, ...lines].map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';
}

interface Batch {
  Traces: unknown[];
  UnprocessedTraceIds: string[];
}

/** The answer that BatchGetTraces would give if it took so many ids. */
export async function documentsOf(ids: string[]): Promise<string> {
  const all: Batch = { Traces: [], UnprocessedTraceIds: [] };
  for (let at = 0; at < ids.length; at += IDS_A_CALL) {
    const batch = await callOperation<Batch>('BatchGetTraces', { TraceIds: ids.slice(at, at + IDS_A_CALL) });
    all.Traces.push(...batch.Traces);
    all.UnprocessedTraceIds.push(...batch.UnprocessedTraceIds);
  }
  return JSON.stringify(all, null, 2);
}
