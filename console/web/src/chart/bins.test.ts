// Histograms keep every request, and a long tail gets a logarithmic axis.
import { expect, test } from 'vitest';
import { barsOf } from './bins';

test.each([
  [[{ value: 5, count: 3 }]],
  [[{ value: 0, count: 1 }, { value: 0.01, count: 4 }]],
  [Array.from({ length: 300 }, (_, index) => ({ value: 1.03 ** index, count: index + 1 }))],
])('no request is lost', (bins) => {
  const { bars } = barsOf(bins, 400);
  expect(bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(bins.reduce((sum, bin) => sum + bin.count, 0));
  for (const bar of bars) expect(bar.to).toBeGreaterThan(bar.from);
});

test('a long tail is logarithmic, a short one is not', () => {
  expect(barsOf([{ value: 1, count: 90 }, { value: 1000, count: 10 }], 400).isLog).toBe(true);
  expect(barsOf([{ value: 10, count: 90 }, { value: 30, count: 10 }], 400).isLog).toBe(false);
});
