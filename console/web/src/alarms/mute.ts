// A mute rule for the next hour, and until when alarms are quiet.
import type { Input } from '../api/operation';
import { instant, minuteTime } from '../quantity';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** CloudWatch's longest name of a rule is 255. */
const NAME = 240;

/** What PutAlarmMuteRule takes. The same rule again is another hour; schedules begin with a whole minute, so it is a little more than one. */
export function hourOf(alarm: string, now: number): Input {
  const begin = new Date(Math.floor(now / MINUTE_MS) * MINUTE_MS).toISOString().slice(0, 16);
  return {
    Name: `an hour of ${alarm}`.slice(0, NAME),
    Description: 'Muted in the console for an hour',
    Rule: { Schedule: { Expression: `at(${begin})`, Duration: 'PT61M' } },
    MuteTargets: { AlarmNames: [alarm] },
  };
}

/** The time of the day where it is soon, else the day with it. */
export function untilOf(until: number, now: number): string {
  return until - now < DAY_MS ? minuteTime(until) : instant(until);
}
