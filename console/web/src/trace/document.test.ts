// Documents are read without trust in their types, and what they say can be filtered for.
import { expect, test } from 'vitest';
import type { SpanDetail } from '../api/generated/SpanDetail';
import { annotationsOf, metadataOf, resourcesOf, sqlOf } from './document';

function detail(document: Record<string, unknown>, segment: Record<string, unknown> = {}): SpanDetail {
  return { id: 'a', document, segment, received: 0, logs: [], exceptions: [] };
}

test.each([
  ['tenant', 'acme "1"', 'annotation.tenant = "acme \\"1\\""'],
  ['retries', 3, 'annotation.retries = 3'],
  ['paid', false, 'annotation.paid = false'],
  ['a.b', 'x', 'annotation[a.b] = "x"'],
  ['strange key', 'x', undefined],
  ['object', { a: 1 }, undefined],
])('annotation %s is filtered by its type', (name, value, filter) =>
  expect(annotationsOf(detail({ annotations: { [name]: value } }))[0]?.filter).toBe(filter));

test.each([[null], ['text'], [[1, 2]], [42]])('annotations that are %j are none', (annotations) =>
  expect(annotationsOf(detail({ annotations }))).toEqual([]));

test('resources come from the span first, then from its segment', () => {
  const facts = resourcesOf(detail({ aws: { operation: 'PutItem' } }, { origin: 'AWS::EC2::Instance', aws: { operation: 'other', ec2: { instance_id: 'i-1' } } }));
  expect(facts.map((fact) => `${fact.name}=${fact.value}`)).toEqual(['aws.operation=PutItem', 'origin=AWS::EC2::Instance', 'aws.ec2.instance_id=i-1']);
});

test('what is absent makes no fact', () => {
  expect(sqlOf(detail({}))).toEqual([]);
  expect(metadataOf(detail({ metadata: null }))).toEqual([]);
  expect(sqlOf(detail({ sql: { url: 'jdbc:x', preparation: null } })).map((fact) => fact.name)).toEqual(['url']);
});
