// Numbers read like a person would say them.
import { expect, test } from 'vitest';
import { ago, compactCount, duration, plural, rate, share } from './quantity';

test.each([
  [0, '0 ms'], [0.4, '0.40 ms'], [6.24, '6.2 ms'], [231.4, '231 ms'], [999.7, '1 s'], [1834, '1.83 s'], [59_949, '59.9 s'], [60_000, '1 min'],
  [250_000, '4 min 10 s'], [5_400_000, '1 h 30 min'], [259_200_000, '3 d'], [null, '–'], [undefined, '–'], [NaN, '–'],
])('%s ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([[0, '0 %'], [0.0004, '<0.1 %'], [0.006, '0.6 %'], [0.13, '13 %'], [0.999, '>99 %'], [1, '100 %']])('a share of %s is %s', (part, text) =>
  expect(share(part)).toBe(text));

test.each([
  [0, 60_000, 'idle'], [4, 60_000, '4 t/min'], [30, 1_800_000, '1 t/min'], [1, 3_600_000, '1 t/h'], [12_000, 60_000, '200/s'],
])('%i requests in %i ms are %s', (total, length, text) => expect(rate(total, length)).toBe(text));

test('counts, plurals and ages', () => {
  expect(compactCount(9999)).toBe('9,999');
  expect(compactCount(12_345)).toBe('12.3K');
  expect(plural(1, 'fault')).toBe('1 fault');
  expect(plural(1200, 'fault')).toBe('1,200 faults');
  expect(ago(0, 1000)).toBe('now');
  expect(ago(0, 90_000)).toBe('1 min ago');
  expect(ago(0, 3 * 3_600_000)).toBe('3 h ago');
});
