// Old links of the AWS consoles, so that a runbook only changes the host.
import { changed, decoded } from './address';
import { relative } from './range';

/** The first word of a fragment, and the page that it names here. */
const PAGES: Record<string, string> = {
  traces: '/traces', 'service-map': '/', 'trace-map': '/', map: '/', 'getting-started': '/', analytics: '/analytics', insights: '/insights',
  alarms: '/alarms', groups: '/groups', sampling: '/sampling', 'sampling-rules': '/sampling', encryption: '/settings', settings: '/settings', configure: '/settings',
};

/** Where `#/traces/<id>`, `#/service-map?timeRange=..` or CloudWatch's `#xray:traces/<id>` leads here; nothing for other fragments. */
export function fromAws(hash: string): string | undefined {
  const match = /^#\/?(?:(?:xray|servicelens):)?\/?([^?]*)(?:\?(.*))?$/.exec(hash);
  if (match === null) return undefined;
  const [page, ...rest] = match[1]!.split('/').filter((part) => part !== '');
  const path = page === undefined ? undefined : (PAGES[rest.find((part) => page === 'settings' && part in PAGES) ?? page] as string | undefined);
  if (path === undefined) return undefined;
  const id = rest.find((part) => /^1-[0-9a-f]{8}-/i.test(decoded(part)));
  if (path === '/traces' && id) return `/traces/${encodeURIComponent(decoded(id))}`;
  const said = match[2]?.startsWith('~') ? fromCloudWatch(match[2]) : new URLSearchParams(match[2] ?? '');
  const filter = path === '/' ? undefined : (said.get('filter') ?? said.get('filterExpression'));
  return `${path}${changed('', { range: said.get('timeRange'), filter, tab: page === 'encryption' ? 'storage' : undefined })}`;
}

/** CloudWatch writes its state in JSURL: `~(query~'fault~context~(timeRange~(delta~3600000)))`. Of it we want the filter and the time. */
function fromCloudWatch(text: string): URLSearchParams {
  const said = new URLSearchParams();
  const filter = /(?:query|filter(?:Expression)?)~'([^~()]*)/.exec(text)?.[1];
  if (filter) said.set('filter', unescaped(filter));
  const delta = /delta~(\d+)/.exec(text)?.[1];
  if (delta) said.set('timeRange', relative(Number(delta)).text);
  const [start, end] = ['start', 'end'].map((name) => new RegExp(`${name}~'([^~()]*)`).exec(text)?.[1]);
  if (start && end) said.set('timeRange', `${unescaped(start)}~${unescaped(end)}`);
  return said;
}

/** JSURL's escapes: `*20` and `**20ac` are letters by number, `!` is a dollar. */
function unescaped(text: string): string {
  return text
    .replaceAll(/\*\*([0-9a-f]{4})|\*([0-9a-f]{2})/gi, (_, long: string | undefined, short: string | undefined) => String.fromCharCode(parseInt((long ?? short)!, 16)))
    .replaceAll('!', '$');
}
