// Reads an entity's document as it was sent into facts to show; nothing in it is trusted to have the right type.
import type { Span } from '../api/generated/Span';
import type { SpanDetail } from '../api/generated/SpanDetail';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { quoted, selector } from '../filter/expression';
import { duration, exactInstant } from '../quantity';

export interface Fact {
  name: string;
  value: string;
  /** A filter expression for traces that have the same. */
  filter?: string;
  /** What groups traces by this, as the list of traces takes it. */
  by?: string;
}

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : JSON.stringify(value);
}

/** Leaves only facts that say something. */
export function told(facts: [name: string, value: unknown, filter?: string, by?: string][]): Fact[] {
  return facts.flatMap(([name, value, filter, by]) => (value == null || value === '' ? [] : [{ name, value: plain(value), filter, by }]));
}

export function overviewOf(trace: TraceDetail, span: Span, detail: SpanDetail): Fact[] {
  const document = fields(detail.document);
  const request = fields(fields(document.http).request);
  const response = fields(fields(document.http).response);
  const type = span.kind === 'subsegment' ? undefined : span.type;
  // By its own clock, whatever is drawn.
  const begin = typeof document.start_time === 'number' ? document.start_time * 1000 : trace.start + span.start - (span.shift ?? 0);
  return told([
    ['Name', span.name, span.kind === 'subsegment' ? undefined : `service(${selector(span.name, type)})`, 'service'],
    ['Service', span.kind === 'subsegment' ? span.service : undefined, `service(${quoted(span.service)})`, 'service'],
    ['Type', span.type],
    ['Start', exactInstant(begin)],
    ['End', span.duration == null ? 'in progress' : exactInstant(begin + span.duration)],
    ['Duration', span.duration == null ? undefined : duration(span.duration)],
    ['Method', request.method, typeof request.method === 'string' ? `http.method = ${quoted(request.method)}` : undefined, 'method'],
    ['URL', request.url, typeof request.url === 'string' ? `http.url = ${quoted(request.url)}` : undefined, 'url'],
    ['Status', response.status, typeof response.status === 'number' ? `http.status = ${response.status}` : undefined, 'status'],
    ['Content length', response.content_length],
    ['Client IP', request.client_ip, typeof request.client_ip === 'string' ? `http.clientip = ${quoted(request.client_ip)}` : undefined],
    ['User agent', request.user_agent, typeof request.user_agent === 'string' ? `http.useragent = ${quoted(request.user_agent)}` : undefined],
    ['User', document.user, typeof document.user === 'string' ? `user = ${quoted(document.user)}` : undefined, 'user'],
    ['Operation', span.operation],
    ['Fault', document.fault === true ? 'true' : undefined, 'fault'],
    ['Error', document.error === true ? 'true' : undefined, 'error'],
    ['Throttle', document.throttle === true ? 'true' : undefined, 'throttle'],
    ['Span id', span.id],
    ['Parent id', document.parent_id],
    ['Received', detail.received > 0 ? exactInstant(detail.received) : undefined],
  ]);
}

/** What a call knows of a callee that sends nothing of its own. */
export function remoteOf(twin: Span | undefined): Fact[] {
  if (!twin) return [];
  return told([
    ['Remote', twin.service, `service(${selector(twin.service, twin.type)})`, 'service'],
    ['Remote type', twin.type],
    ['Inferred segment', twin.id],
  ]);
}

export function resourcesOf(detail: SpanDetail): Fact[] {
  const document = fields(detail.document);
  const segment = fields(detail.segment);
  const own = flattened({ origin: document.origin, resource_arn: document.resource_arn, aws: document.aws, service: document.service });
  const known = new Set(own.map((fact) => fact.name));
  const shared = flattened({ origin: segment.origin, resource_arn: segment.resource_arn, aws: segment.aws, service: segment.service });
  return [...own, ...shared.filter((fact) => !known.has(fact.name))].map((fact) => ({ ...fact, filter: resourceFilter(fact) }));
}

/** What the filter language calls the places where things run. */
const RESOURCE_WORDS: Record<string, string> = {
  resource_arn: 'resource.arn',
  'aws.ec2.instance_id': 'instance.id',
  'aws.ec2.availability_zone': 'availabilityzone',
  'aws.ecs.availability_zone': 'availabilityzone',
};

function resourceFilter({ name, value }: Fact): string | undefined {
  if (name === 'origin') return `service(id(type: ${quoted(value)}))`;
  const word = RESOURCE_WORDS[name];
  return word && `${word} = ${quoted(value)}`;
}

/** `aws.ec2.instance_id` and the like, one fact for each leaf. */
function flattened(value: unknown, path = '', depth = 0): Fact[] {
  if (value == null) return [];
  const inner = fields(value);
  const names = Object.keys(inner);
  if (names.length === 0 || depth > 6) return path === '' ? [] : [{ name: path, value: plain(value) }];
  return names.flatMap((name) => flattened(inner[name], path === '' ? name : `${path}.${name}`, depth + 1));
}

export function annotationsOf(detail: SpanDetail): Fact[] {
  return Object.entries(fields(fields(detail.document).annotations)).map(([name, value]) => ({
    name,
    value: plain(value),
    filter: annotationFilter(name, value),
    by: `annotation.${name}`,
  }));
}

export function annotationFilter(name: string, value: unknown): string | undefined {
  const key = /^[A-Za-z0-9_]+$/.test(name) ? `annotation.${name}` : /^[A-Za-z0-9_.]+$/.test(name) ? `annotation[${name}]` : undefined;
  if (key === undefined) return undefined;
  if (typeof value === 'string') return `${key} = ${quoted(value)}`;
  return typeof value === 'number' || typeof value === 'boolean' ? `${key} = ${value}` : undefined;
}

export function metadataOf(detail: SpanDetail): [string, unknown][] {
  return Object.entries(fields(fields(detail.document).metadata));
}

export function sqlOf(detail: SpanDetail): Fact[] {
  const sql = fields(fields(detail.document).sql);
  return told(Object.entries(sql).map(([name, value]): [string, unknown] => [name, value]));
}
