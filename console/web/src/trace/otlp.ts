// Reads a span of OpenTelemetry into facts to show: its attributes by namespace, and what of it can be filtered for.
import type { OtlpAttributes } from '../api/generated/OtlpAttributes';
import type { OtlpSpan } from '../api/generated/OtlpSpan';
import { quoted } from '../filter/expression';
import { plural } from '../quantity';
import { annotationFilter, plain, told, type Fact } from './document';

/** What stands under one name: `http` for `http.route`. */
export interface Namespace {
  name: string;
  facts: Fact[];
}

/** Longer texts are not searchable. */
const LONGEST_SEARCHABLE = 1_000;
/** What of a resource is searchable. */
const OF_RESOURCE = new Set([
  'service.version', 'service.namespace', 'deployment.environment', 'deployment.environment.name', 'host.name', 'k8s.namespace.name',
  'k8s.deployment.name', 'k8s.node.name', 'k8s.pod.name', 'k8s.cluster.name', 'k8s.container.name', 'cloud.region', 'container.id', 'faas.name',
]);

type Reader = (name: string, value: unknown) => Fact;

/** In the order of the alphabet; what has no namespace comes first. */
function grouped({ shown }: OtlpAttributes, read: Reader): Namespace[] {
  const groups = new Map<string, Fact[]>();
  // An attribute that came twice counts by the last, as in the map.
  for (const [key, value] of new Map(shown)) {
    const end = key.indexOf('.');
    const name = end > 0 ? key.slice(0, end) : '';
    groups.set(name, [...(groups.get(name) ?? []), read(key, value)]);
  }
  const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...groups]
    .map(([name, facts]) => ({ name, facts: facts.sort((a, b) => before(a.name, b.name)) }))
    .sort((a, b) => before(a.name, b.name));
}

function searchable(key: string, value: unknown): Pick<Fact, 'filter' | 'by'> {
  const filter = typeof value === 'string' && value.length > LONGEST_SEARCHABLE ? undefined : annotationFilter(key, value);
  return filter === undefined ? {} : { filter, by: `annotation.${key}` };
}

export function attributesOf(span: OtlpSpan): Namespace[] {
  return grouped(span.attributes, (name, value) => ({ name, value: plain(value), ...searchable(name, value) }));
}

export function resourceOf(span: OtlpSpan): Namespace[] {
  return grouped(span.resource, (name, value) => {
    const fact = { name, value: plain(value) };
    if (name === 'service.name' && typeof value === 'string') return { ...fact, filter: `service(${quoted(value)})`, by: 'service' };
    return OF_RESOURCE.has(name) ? { ...fact, ...searchable(`otel.resource.${name}`, value) } : fact;
  });
}

/** Of events and scopes, which are not searchable. */
export function plainAttributesOf(attributes: OtlpAttributes): Namespace[] {
  return grouped(attributes, (name, value) => ({ name, value: plain(value) }));
}

export function otlpOverview(span: OtlpSpan): Fact[] {
  return told([
    ['OTel name', span.name],
    ['Kind', span.kind],
    ['Scope', span.scope],
    ['Scope version', span.scopeVersion],
    ['Status code', span.status === 'UNSET' ? undefined : span.status],
    ['Status message', span.statusMessage],
    ['Trace state', span.traceState],
  ]);
}

/** What a list does not show, and why; nothing where it shows all. */
export function restOf(what: string, more: number, dropped: number): string | undefined {
  const parts = [
    more > 0 ? `${plural(more, `more ${what}`)} ${more === 1 ? 'is' : 'are'} not shown; Raw JSON holds all that came.` : '',
    dropped > 0 ? `${plural(dropped, what)} ${dropped === 1 ? 'was' : 'were'} dropped by the SDK.` : '',
  ];
  return parts.filter(Boolean).join(' ') || undefined;
}
