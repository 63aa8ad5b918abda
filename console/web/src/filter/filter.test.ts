// Expressions that we write keep their meaning, and errors are underlined where the server saw them.
import { expect, test } from 'vitest';
import { and, quoted, responseTimeOfNode, seconds } from './expression';
import type { FilterTree } from '../api/generated/FilterTree';
import { guesses } from './ExpressionInput';
import { printed, tokensOf } from './tokens';
import { wrongPart } from './Underlined';

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

const leaf = (text: string): FilterTree => ({ op: 'condition', text, of: [] });
const not = (of: FilterTree): FilterTree => ({ op: 'not', text: of.op === 'condition' ? `!${of.text}` : `!(${of.text})`, of: [of] });
const joined = (op: 'and' | 'or', ...of: FilterTree[]): FilterTree => ({
  op, of, text: of.map((part) => (op === 'and' && part.op === 'or' ? `(${part.text})` : part.text)).join(op === 'and' ? ' AND ' : ' OR '),
});

test.each([
  [leaf('fault'), ['condition'], 'fault'],
  [joined('and', leaf('http.url CONTAINS "/checkout"'), leaf('responsetime > 2'), leaf('annotation.tenant = "acme"')), ['condition', 'condition', 'condition'], undefined],
  [joined('and', leaf('user CONTAINS ""'), not(leaf('partial'))), ['condition', 'condition'], undefined],
  [joined('and', leaf('ok'), joined('or', leaf('user'), leaf('http.url'))), ['condition', 'group'], 'ok AND (user OR http.url)'],
  [joined('or', leaf('ok'), joined('and', leaf('user'), leaf('http.url'))), ['condition', 'group'], 'ok OR (user AND http.url)'],
  [not(joined('and', leaf('ok'), leaf('user'))), ['expression'], '!(ok AND user)'],
  [joined('and', leaf('ok'), joined('or', leaf('user'), joined('and', leaf('a'), leaf('b')))), ['condition', 'expression'], 'ok AND (user OR a AND b)'],
])('$text is chips that print to the same', (tree, kinds, text) => {
  const tokens = tokensOf(tree);
  expect(tokens.tokens.map((token) => token.kind)).toEqual(kinds);
  expect(printed(tokens)).toBe(text ?? tree.text);
});

test('plain words are offered as what they could mean, and an id or an expression is not', () => {
  const problem = { line: 1, position: 0, message: '' };
  expect(guesses('check out', problem).map((guess) => guess.result)).toEqual(['service("check out")', 'http.url CONTAINS "check out"', 'user = "check out"']);
  expect(guesses('user = ', problem)).toEqual([]);
  expect(guesses('fault', undefined)).toEqual([]);
});
