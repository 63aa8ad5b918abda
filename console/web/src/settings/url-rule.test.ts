// The list of rules for URLs as it is edited.
import { expect, test } from 'vitest';
import { isSame, moved, placeOf, rowsOf, rulesOf, withNew } from './url-rule';

const RULES = [
  { service: 'shop', path: '/orders/{order}' },
  { service: '*', path: '/v2/*' },
];

test('rows are the rules until something is changed', () => {
  const rows = rowsOf(RULES);
  expect(isSame(rows, RULES)).toBe(true);
  expect(isSame(moved(rows, 1, -1), RULES)).toBe(false);
  expect(isSame(rows.slice(1), RULES)).toBe(false);
  expect(isSame(withNew(rows), RULES)).toBe(false);
  expect(isSame([{ ...rows[0]!, path: ' /orders/{order} ' }, rows[1]!], RULES), 'spaces around it are none of its').toBe(true);
  expect(isSame([{ ...rows[0]!, service: 'shops' }, rows[1]!], RULES)).toBe(false);
});

test('a rule moves by one place, and not beyond the ends', () => {
  const order = (key: number, by: -1 | 1) => moved(rowsOf([...RULES, { service: 'c', path: '/c' }]), key, by).map((row) => row.key).join('');
  expect([order(0, 1), order(2, -1), order(0, -1), order(2, 1), order(7, 1)]).toEqual(['102', '021', '012', '012', '012']);
});

test('a new rule is the last one and has a key that no other has', () => {
  const rows = withNew(rowsOf(RULES).slice(1));
  expect(rows.map((row) => row.key)).toEqual([1, 2]);
  expect(rulesOf(rows)[1]).toEqual({ service: '*', path: '' });
  expect(withNew([]).map((row) => row.key)).toEqual([0]);
});

test('a complaint stands at its field', () => {
  expect(placeOf('rule 2, path, character 9: a path has no query')).toEqual({ rule: 1, field: 'path', text: 'a path has no query' });
  expect(placeOf('rule 12, service: name a service')).toEqual({ rule: 11, field: 'service', text: 'name a service' });
  expect(placeOf('there may be 200 rules at most')).toBeUndefined();
});
