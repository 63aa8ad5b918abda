// Expressions that we write keep their meaning, and errors are underlined where the server saw them.
import { expect, test } from 'vitest';
import { termsOf } from '../traces/EmptyTraces';
import { and, quoted, responseTimeOfNode, seconds } from './expression';
import { wrongPart } from './FilterField';

test('quotes and backslashes are escaped', () => expect(quoted('say "hi" \\o/')).toBe('"say \\"hi\\" \\\\o/"'));

test.each([
  [['', 'fault'], 'fault'],
  [['fault', undefined, ' '], 'fault'],
  [['fault', 'user = "a"'], 'fault AND user = "a"'],
  [['fault OR error', 'ok'], '(fault OR error) AND ok'],
  [['(fault OR error)', 'ok'], '(fault OR error) AND ok'],
  [['service("a") { fault OR error }', 'ok'], 'service("a") { fault OR error } AND ok'],
])('%j joins to %s', (terms, expected) => expect(and(...terms)).toBe(expected));

test.each([[1700, '1.7'], [2450.4, '2.45'], [0.25, '0.00025'], [123_456, '123.5']])('%s ms are %s s', (ms, text) => expect(seconds(ms)).toBe(text));

test('a brush on a node writes its expression', () =>
  expect(responseTimeOfNode('catalog-db', 'AWS::DynamoDB', 1700, 2450)).toBe(
    'service(id(name: "catalog-db", type: "AWS::DynamoDB")) { responsetime >= 1.7 AND responsetime <= 2.45 }',
  ));

test.each([
  ['fault AND oops', 10, 'oops'],
  ['a = "x y" z', 4, '"x y"'],
  ['fault AND', 9, ''],
  ['fault {', 6, '{'],
])('in %s position %i underlines %s', (text, position, expected) => {
  const [start, end] = wrongPart(text, { line: 1, position, message: '' });
  expect(text.slice(start, end)).toBe(expected);
});

test('positions count within their line', () => {
  const text = 'fault AND\noops';
  const [start, end] = wrongPart(text, { line: 2, position: 0, message: '' });
  expect(text.slice(start, end)).toBe('oops');
});

test.each([
  ['fault AND user = "a AND b"', ['fault', 'user = "a AND b"']],
  ['service("x") { fault AND ok } AND error', ['service("x") { fault AND ok }', 'error']],
  ['fault OR error', ['fault OR error']],
  ['a AND b OR c', ['a AND b OR c']],
  ['fault', ['fault']],
])('%s has the terms %j', (expression, terms) => expect(termsOf(expression)).toEqual(terms));
