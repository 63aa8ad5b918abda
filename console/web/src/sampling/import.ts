// Rules from a file: what GetSamplingRules answers, X-Ray's rules in a list, or a file of local rules of an SDK.
import type { RuleFields } from '../api/generated/RuleFields';
import { DEFAULT, NEW_RULE } from './rule';

type Json = Record<string, unknown>;

/** The rules, or what keeps the text from holding any. */
export function readRules(text: string): RuleFields[] | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return `This is not JSON: ${(cause as Error).message}`;
  }
  const object = (Array.isArray(json) ? { rules: json } : json) as Json | null;
  if (object === null || typeof object !== 'object') return 'This holds no rules: it is neither an object nor a list.';
  const list = object.SamplingRuleRecords ?? object.rules ?? object.Rules ?? (object.SamplingRule || object.RuleName ? [object] : undefined);
  if (!Array.isArray(list)) return 'This holds no rules: there is no SamplingRuleRecords, and no rules.';
  const isLocal = list.some((one) => isJson(one) && 'fixed_target' in one) || isJson(object.default);
  if (isLocal) return localRules(list.filter(isJson), isJson(object.default) ? object.default : undefined);
  const rules: RuleFields[] = [];
  for (const [place, entry] of list.entries()) {
    const rule = isJson(entry) && isJson(entry.SamplingRule) ? entry.SamplingRule : entry;
    if (!isJson(rule) || typeof rule.RuleName !== 'string') return `Rule ${place + 1} has no RuleName.`;
    rules.push(xrayRule(rule));
  }
  return rules;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

function xrayRule(rule: Json): RuleFields {
  const boost = isJson(rule.SamplingRateBoost) ? rule.SamplingRateBoost : undefined;
  const attributes = isJson(rule.Attributes) ? rule.Attributes : {};
  return {
    name: text(rule.RuleName, ''),
    priority: number(rule.Priority, NEW_RULE.priority),
    reservoirSize: number(rule.ReservoirSize, 0),
    fixedRate: number(rule.FixedRate, 0),
    serviceName: text(rule.ServiceName, '*'),
    serviceType: text(rule.ServiceType, '*'),
    host: text(rule.Host, '*'),
    httpMethod: text(rule.HTTPMethod, '*'),
    urlPath: text(rule.URLPath, '*'),
    resourceArn: text(rule.ResourceARN, '*'),
    attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, text(value, '*')])),
    ...(boost ? { boost: { maxRate: number(boost.MaxRate, 0), cooldownMinutes: number(boost.CooldownWindowMinutes, 1) } } : {}),
  };
}

/** Versions 1 and 2 of the SDKs' local rules: asked in the order of the file. */
function localRules(list: Json[], otherwise: Json | undefined): RuleFields[] {
  const rules = list.map((rule, place): RuleFields => ({
    ...NEW_RULE,
    name: nameOf(rule, place),
    priority: (place + 1) * 10,
    reservoirSize: number(rule.fixed_target, 0),
    fixedRate: number(rule.rate, 0),
    host: text(rule.host ?? rule.service_name, '*'),
    httpMethod: text(rule.http_method, '*'),
    urlPath: text(rule.url_path, '*'),
  }));
  if (otherwise === undefined) return rules;
  return [...rules, { ...NEW_RULE, name: DEFAULT, priority: 10_000, reservoirSize: number(otherwise.fixed_target, 1), fixedRate: number(otherwise.rate, 0.05) }];
}

function nameOf(rule: Json, place: number): string {
  const described = text(rule.description, '').replaceAll(/[^\w -]+/g, ' ').trim().slice(0, 32);
  return described || `local-${place + 1}`;
}
