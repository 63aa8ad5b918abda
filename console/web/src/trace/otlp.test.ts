// Spans of OpenTelemetry are read without trust in what senders call things.
import { expect, test } from 'vitest';
import type { OtlpAttributes } from '../api/generated/OtlpAttributes';
import type { OtlpSpan } from '../api/generated/OtlpSpan';
import { attributesOf, otlpOverview, resourceOf, restOf } from './otlp';

const list = (...shown: [string, unknown][]): OtlpAttributes => ({ shown, more: 0, dropped: 0 });

function span(rest: Partial<OtlpSpan>): OtlpSpan {
  const none = list();
  return { name: 'work', kind: 'INTERNAL', status: 'UNSET', scopeAttributes: none, resource: none, attributes: none, events: [], moreEvents: 0, droppedEvents: 0, ...rest };
}

test('attributes stand under their namespace', () => {
  const groups = attributesOf(span({ attributes: list(['http.route', '/cart'], ['db.system', 'mysql'], ['retries', 3], ['http.method', 'GET'], ['.odd', 1]) }));
  expect(groups.map(({ name, facts }) => `${name}: ${facts.map((fact) => fact.name).join(' ')}`)).toEqual([': .odd retries', 'db: db.system', 'http: http.method http.route']);
});

test('names of the language itself are names like others', () => {
  const groups = attributesOf(span({ attributes: list(['__proto__.x', 1], ['constructor', 2], ['toString.call', 3]) }));
  expect(groups.map(({ name }) => name)).toEqual(['', '__proto__', 'toString']);
});

test('an attribute that came twice counts by the last', () =>
  expect(attributesOf(span({ attributes: list(['a', 1], ['a', 2]) }))[0]?.facts.map((fact) => fact.value)).toEqual(['2']));

test.each([
  ['http.route', '/a "b"', 'annotation[http.route] = "/a \\"b\\""'],
  ['retries', 3, 'annotation.retries = 3'],
  ['a list', [1], undefined],
  ['ok', 'x'.repeat(1_001), undefined],
  ['odd "key"', 'x', undefined],
])('attribute %s is filtered for where the language can say it', (key, value, filter) =>
  expect(attributesOf(span({ attributes: list([key, value]) }))[0]?.facts[0]?.filter).toBe(filter));

test('of a resource only what is searchable has a filter', () => {
  const facts = resourceOf(span({ resource: list(['service.name', 'shop'], ['service.version', '1.4'], ['process.pid', 7]) })).flatMap((group) => group.facts);
  expect(facts.map((fact) => fact.filter)).toEqual([undefined, 'service("shop")', 'annotation[otel.resource.service.version] = "1.4"']);
});

test('the overview says what was said and nothing else', () => {
  expect(otlpOverview(span({})).map((fact) => fact.name)).toEqual(['OTel name', 'Kind']);
  expect(otlpOverview(span({ scope: 'io.web', status: 'ERROR', statusMessage: 'no stock' })).map((fact) => fact.value)).toEqual(['work', 'INTERNAL', 'io.web', 'ERROR', 'no stock']);
});

test.each([
  [0, 0, undefined],
  [1, 0, '1 more event is not shown; Raw JSON holds all that came.'],
  [900, 2, '900 more events are not shown; Raw JSON holds all that came. 2 events were dropped by the SDK.'],
])('%i more and %i dropped are told', (more, dropped, words) => expect(restOf('event', more, dropped)).toBe(words));
