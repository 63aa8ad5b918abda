// Links to logs while somebody edits them: a list in its order, each row with a key of its own.
import type { LogLinkRule } from '../api/generated/LogLinkRule';

export const FIELDS = ['service', 'title', 'url'] as const;
export type Field = (typeof FIELDS)[number];

export interface Row extends LogLinkRule {
  /** Stays with the row while others go. */
  key: number;
}

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

export function rowsOf(rules: LogLinkRule[]): Row[] {
  return rules.map((rule, key) => ({ ...rule, key }));
}

export function rulesOf(rows: Row[]): LogLinkRule[] {
  return rows.map(({ service, title, url }) => ({ service: service.trim(), title: title.trim(), url: url.trim() }));
}

export function isSame(rows: Row[], rules: LogLinkRule[]): boolean {
  const now = rulesOf(rows);
  return now.length === rules.length && now.every((rule, place) => FIELDS.every((field) => rule[field] === rules[place]![field]));
}

export function withNew(rows: Row[], rule: LogLinkRule = { service: '*', title: '', url: '' }): Row[] {
  return [...rows, { ...rule, key: 1 + Math.max(-1, ...rows.map((row) => row.key)) }];
}

/** Where a complaint of the server belongs: it names a rule by its number, and one of its fields. */
export function placeOf(complaint: string): { rule: number; field: Field; text: string } | undefined {
  const [, number, field, text] = /^rule (\d+), (service|title|url)(?:, character \d+)?: (.*)$/.exec(complaint) ?? [];
  return number === undefined ? undefined : { rule: Number(number) - 1, field: field as Field, text: text! };
}
