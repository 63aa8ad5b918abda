// What of an address is a view.
import { expect, test } from 'vitest';
import { keptOf, linkOf, nameProblem } from './view';

test('a view is what was asked, in whatever order, and not what was looked at for a moment', () => {
  const kept = keptOf(new URLSearchParams('show=1-a&range=PT15M&filter=a = "b%26c"&by='));
  expect(kept).toBe(keptOf(new URLSearchParams('filter=a = "b%26c"&range=PT15M')));
  expect(new URLSearchParams(kept).get('filter')).toBe('a = "b&c"');
  expect(linkOf({ page: '/traces', query: kept })).toBe(`/traces?${kept}`);
  expect(linkOf({ page: '/traces', query: '' })).toBe('/traces');
});

test('a name is asked for', () => {
  expect(nameProblem('  ')).toMatch(/Give it a name/);
  expect(nameProblem('a'.repeat(101))).toMatch(/100/);
  expect(nameProblem('late orders')).toBeUndefined();
});
