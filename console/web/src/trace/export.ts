// A trace for use elsewhere: as a link, as commands, as Markdown for a chat, and as a file.
import { curlFor } from '../api/client';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { changed } from '../location/address';
import { OUTCOME_NAME } from '../outcome/outcome';
import { duration, exactInstant, plural } from '../quantity';
import { holdupsOf } from './critical';

/** What is shown, for somebody else: nothing in it depends on the reader's clock. */
export function absoluteLink(): string {
  const { origin, pathname, search } = window.location;
  return origin + pathname + changed(search, { range: undefined });
}

export function curlCommand(id: string): string {
  return curlFor(`/api/traces/${encodeURIComponent(id)}/raw`);
}

export function awsCommand(id: string): string {
  return `aws xray batch-get-traces --trace-ids ${id} --endpoint-url ${window.location.origin} --region us-east-1`;
}

/** Text in Markdown, whatever it holds. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>()#|!]/g, '\\$&').replaceAll(/\s+/g, ' ');
}

function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`';
  return `${fence}${fence === '``' ? ' ' : ''}${text.replaceAll(/\s+/g, ' ')}${fence === '``' ? ' ' : ''}${fence}`;
}

export function markdownOf({ summary, spans, criticalPath, missing, patterns }: TraceDetail, link: string): string {
  const request = [summary.method, summary.url ?? summary.entryPoint].filter(Boolean).join(' ');
  const lines = [
    `**${plain(request || 'Trace')}**: ${summary.status ?? ''} ${OUTCOME_NAME[summary.outcome]}, ${duration(summary.duration ?? summary.responseTime)}`.replace(':  ', ': '),
    '',
    `- when: ${exactInstant(summary.start)}`,
    `- trace: [${summary.id}](${link})`,
    `- spans: ${plural(spans.length, 'span')} of ${plural(summary.services.length, 'service')}`,
  ];
  if (summary.origin != null) lines.push(`- root cause: ${plain(summary.origin)}${summary.exception ? `, ${code(summary.exception)}` : ''}`);
  const holdups = holdupsOf(criticalPath);
  if (holdups.length > 0) lines.push(`- critical path: ${holdups.map(({ text }) => plain(text)).join(', ')}`);
  for (const user of summary.users.slice(0, 3)) lines.push(`- user: ${plain(user)}`);
  for (const pattern of patterns.slice(0, 3)) lines.push(`- ${plain(pattern.sentence)}`);
  for (const { sentence } of missing.slice(0, 3)) lines.push(`- missing: ${sentence.includes('`') ? sentence : plain(sentence)}`);
  return `${lines.join('\n')}\n`;
}
