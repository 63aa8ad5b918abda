// Axes are labelled at round values.
import { expect, test } from 'vitest';
import { placeAmong, roundDurations, roundTimes } from './ticks';

test('times are whole steps of a clock, inside the axis', () => {
  const from = Date.parse('2026-11-28T17:26:30Z');
  const times = roundTimes(from, from + 22 * 60_000, 5);
  expect(times.map((time) => new Date(time).toISOString().slice(11, 19))).toEqual(['17:30:00', '17:35:00', '17:40:00', '17:45:00']);
});

test('durations go by 1, 2 and 5, and no more of them than there is room for', () => {
  expect(roundDurations([0.9, 4, 18, 80, 360], 9)).toEqual([1, 2, 5, 10, 20, 50, 100, 200]);
  expect(roundDurations([0.9, 4, 18, 80, 360], 4)).toEqual([1, 5, 20, 100]);
  expect(roundDurations([0, 0], 4)).toEqual([]);
});

test('a value has its place between the edges around it', () => {
  expect(placeAmong([1, 10, 100], 10)).toBe(1);
  expect(placeAmong([1, 100, 10_000], 10)).toBeCloseTo(0.5);
  expect(placeAmong([1, 10, 100], 0.5)).toBe(0);
  expect(placeAmong([1, 10, 100], 1000)).toBe(2);
});
