// Links to logs while somebody edits them.
import type { LogLinkRule } from '../api/generated/LogLinkRule';
import { areAlike, keyed, placeAmong, withAnother, type Keyed } from './rows';

export const FIELDS = ['service', 'title', 'url'] as const;
export type Field = (typeof FIELDS)[number];

export type Row = Keyed<LogLinkRule>;

const LOKI = JSON.stringify({ a: { datasource: 'loki', queries: [{ refId: 'A', expr: '{service_name="{service}"} |= "{trace_id}"' }], range: { from: '{start}', to: '{end}' } } });

/** Braces of a query are encoded, and those of placeholders are not. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/%7B([a-z_3]+)%7D/g, '{$1}');
}

/** For links that somebody else's browser tab opens; the console itself asks nobody but its server. */
const SCHEME = 'https:';

/** The console of CloudWatch encodes what follows its `#` once more, with `$` in the place of `%`. */
const CLOUDWATCH = 'cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fshop/log-events$3Fstart$3D{start}$26end$3D{end}$26filterPattern$3D$2522{trace_id}$2522';

/** With a host, or a region and a group, that are nobody's. */
export const EXAMPLES: LogLinkRule[] = [
  { service: '*', title: 'CloudWatch Logs', url: `${SCHEME}//eu-west-1.console.aws.amazon.com/${CLOUDWATCH}` },
  { service: '*', title: 'Grafana Loki', url: `${SCHEME}//grafana.example/explore?schemaVersion=1&panes=${encoded(LOKI)}` },
  { service: '*', title: 'Elasticsearch', url: `${SCHEME}//kibana.example/app/discover#/?_g=(time:(from:'{start_iso}',to:'{end_iso}'))&_a=(query:(language:kuery,query:'"{trace_id}"'))`.replaceAll('"', '%22') },
  { service: '*', title: 'Datadog', url: `${SCHEME}//app.datadoghq.com/logs?query=%22{trace_id}%22&from_ts={start}&to_ts={end}&live=false` },
];

export const rowsOf = keyed<LogLinkRule>;

export function rulesOf(rows: Row[]): LogLinkRule[] {
  return rows.map(({ service, title, url }) => ({ service: service.trim(), title: title.trim(), url: url.trim() }));
}

export function isSame(rows: Row[], rules: LogLinkRule[]): boolean {
  return areAlike(FIELDS, rulesOf(rows), rules);
}

export function withNew(rows: Row[], rule: LogLinkRule = { service: '*', title: '', url: '' }): Row[] {
  return withAnother(rows, rule);
}

export function placeOf(complaint: string) {
  return placeAmong(FIELDS, complaint);
}
