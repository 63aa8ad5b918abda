// Sampling rules in the console's form and in X-Ray's, and what a change of their order means for priorities.
import type { RuleFields } from '../api/generated/RuleFields';
import type { Input } from '../api/operation';

export const MAX_PRIORITY = 9999;
export const DEFAULT = 'Default';

export const NEW_RULE: RuleFields = {
  name: '', priority: 100, reservoirSize: 1, fixedRate: 0.05, serviceName: '*', serviceType: '*', host: '*', httpMethod: '*',
  urlPath: '*', resourceArn: '*', attributes: {},
};

/** X-Ray's `SamplingRule`, without its version. */
function members(rule: RuleFields): Input {
  return {
    RuleName: rule.name,
    Priority: rule.priority,
    FixedRate: rule.fixedRate,
    ReservoirSize: rule.reservoirSize,
    ServiceName: rule.serviceName,
    ServiceType: rule.serviceType,
    Host: rule.host,
    HTTPMethod: rule.httpMethod,
    URLPath: rule.urlPath,
    ResourceARN: rule.resourceArn,
    Attributes: rule.attributes,
    ...(rule.boost ? { SamplingRateBoost: { MaxRate: rule.boost.maxRate, CooldownWindowMinutes: rule.boost.cooldownMinutes } } : {}),
  };
}

export function createInput(rule: RuleFields): Input {
  return { SamplingRule: { ...members(rule), Version: 1 } };
}

/** Of the Default rule only the reservoir and the rate may be named. */
export function updateInput(rule: RuleFields): Input {
  if (rule.name === DEFAULT) {
    return { SamplingRuleUpdate: { RuleName: rule.name, FixedRate: rule.fixedRate, ReservoirSize: rule.reservoirSize } };
  }
  return { SamplingRuleUpdate: members(rule) };
}

/** X-Ray's name of each field, in small letters, as its messages are looked up. */
export const MEMBER: Record<keyof RuleFields, string> = {
  name: 'rulename', priority: 'priority', reservoirSize: 'reservoirsize', fixedRate: 'fixedrate', serviceName: 'servicename',
  serviceType: 'servicetype', host: 'host', httpMethod: 'httpmethod', urlPath: 'urlpath', resourceArn: 'resourcearn',
  attributes: 'attributes', boost: 'samplingrateboost',
};
export const MEMBERS = [...Object.values(MEMBER), 'maxrate', 'cooldownwindowminutes'];

export interface Matcher {
  label: string;
  pattern: string;
}

/** What the rule asks for, leaving out what matches anything. */
export function matchersOf(rule: RuleFields): Matcher[] {
  const all: [string, string][] = [
    ['', rule.httpMethod], ['path', rule.urlPath], ['host', rule.host], ['service', rule.serviceName], ['type', rule.serviceType],
    ['resource', rule.resourceArn], ...Object.entries(rule.attributes),
  ];
  return all.filter(([, pattern]) => pattern !== '*').map(([label, pattern]) => ({ label, pattern }));
}

/** X-Ray's own SDKs leave such rules out. */
export function isSkippedBySdks(rule: RuleFields): boolean {
  return rule.resourceArn !== '*' || Object.keys(rule.attributes).length > 0;
}

/** Kept a second of so many requests a second: the reservoir first, and of the rest the fixed rate. */
export function keptOf(rule: RuleFields, requestsASecond: number): number {
  const first = Math.min(rule.reservoirSize, requestsASecond);
  return first + rule.fixedRate * (requestsASecond - first);
}

type Ranked = Pick<RuleFields, 'name' | 'priority'>;

/** New priorities for an order, changing as few as possible. `order` is without the Default rule. */
export function repriced(order: Ranked[], moved: string): Ranked[] {
  const at = order.findIndex((rule) => rule.name === moved);
  const priorities = order.map((rule) => rule.priority);
  const before = at > 0 ? priorities[at - 1]! : 0;
  const after = priorities[at + 1];
  if (after === undefined) priorities[at] = Math.min(MAX_PRIORITY, before + 10);
  else if (after - before > 1) priorities[at] = before + Math.ceil((after - before) / 2);
  else priorities[at] = before + 1;
  for (let next = at; next < priorities.length; next += 1) {
    const least = (priorities[next - 1] ?? 0) + 1;
    if (next > at && priorities[next]! >= least) break;
    priorities[next] = Math.max(priorities[next]!, least);
  }
  if (priorities.some((priority) => priority > MAX_PRIORITY)) priorities.forEach((_, place) => (priorities[place] = (place + 1) * 10));
  return order
    .map((rule, place) => ({ name: rule.name, priority: priorities[place]! }))
    .filter((rule, place) => rule.priority !== order[place]!.priority);
}

/** A name that is free, for a copy. */
export function freeName(name: string, taken: string[]): string {
  for (let number = 2; ; number += 1) {
    const candidate = `${name.slice(0, 28)}-${number}`;
    if (!taken.includes(candidate)) return candidate;
  }
}
