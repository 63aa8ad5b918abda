// The rule that mutes an alarm for an hour.
import { expect, test } from 'vitest';
import { hourOf, untilOf } from './mute';

const NOW = Date.UTC(2026, 10, 29, 23, 30, 59);

test('an hour begins with the minute, in UTC, and is a whole one at least', () => {
  expect(hourOf('fault rate', NOW)).toMatchObject({
    Name: 'an hour of fault rate',
    Rule: { Schedule: { Expression: 'at(2026-11-29T23:30)', Duration: 'PT61M' } },
    MuteTargets: { AlarmNames: ['fault rate'] },
  });
  expect((hourOf('x'.repeat(255), NOW).Name as string).length).toBeLessThanOrEqual(255);
});

test('what ends within a day says the time alone', () => {
  expect(untilOf(NOW + 3_600_000, NOW)).toMatch(/^\d\d:\d\d$/);
  expect(untilOf(NOW + 86_400_000, NOW).length).toBeGreaterThan(5);
});
