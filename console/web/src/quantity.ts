// Numbers as people read them: lengths of time, rates, shares, counts, sizes and instants.
import { preferences } from './location/preference';

const whole = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function count(value: number): string {
  return whole.format(value);
}

export function compactCount(value: number): string {
  return value < 10_000 ? whole.format(value) : compact.format(value);
}

function digits(value: number, places: number): string {
  return value.toFixed(places).replace(/\.0+$/, '');
}

/** Milliseconds with about three significant digits: `231 ms`, `1.83 s`, `4 min 10 s`. */
export function duration(ms: number | null | undefined): string {
  if (ms == null || !Number.isFinite(ms)) return '–';
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 1) return ms === 0 ? '0 ms' : `${digits(ms, 2)} ms`;
  if (ms < 10) return `${digits(ms, 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${digits(ms / 1000, 2)} s`;
  if (ms < 59_950) return `${digits(ms / 1000, 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 2880) return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.round(minutes / 1440)} d`;
}

/** How often, in the unit that gives the shorter number; in no time at all, as in a single trace, how many. */
export function rate(total: number, lengthMs: number): string {
  if (total === 0) return 'idle';
  if (lengthMs <= 0) return `${compactCount(total)} ×`;
  const perMinute = total / (lengthMs / 60_000);
  if (perMinute >= 6000) return `${compact.format(perMinute / 60)}/s`;
  if (perMinute >= 1000) return `${compact.format(perMinute)} t/min`;
  if (perMinute >= 10) return `${Math.round(perMinute)} t/min`;
  if (perMinute >= 0.1) return `${digits(perMinute, 1)} t/min`;
  return `${compact.format(perMinute * 60)} t/h`;
}

/** A number of somebody else's unit, with about three significant digits where it is not whole. */
export function amount(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return '–';
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? whole.format(value) : String(Number(value.toPrecision(3)));
}

/** A part of one as percent; what is not zero never prints as zero. */
export function share(part: number): string {
  const percent = part * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.1) return '<0.1 %';
  if (percent < 10) return `${digits(percent, 1)} %`;
  return percent > 99.5 && percent < 100 ? '>99 %' : `${Math.round(percent)} %`;
}

export function shareOf(part: number, total: number): string {
  return total === 0 ? '–' : share(part / total);
}

const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
const FORMATS = { clock: TIME, minute: { hour: '2-digit', minute: '2-digit' }, dated: { day: 'numeric', month: 'short', ...TIME }, dayOfYear: { dateStyle: 'medium' }, day: { dateStyle: 'short' }, year: { year: 'numeric' } } as const;
const made = new Map<string, Intl.DateTimeFormat>();

/** In the reader's time zone: that of the browser, or UTC. */
function formatted(name: keyof typeof FORMATS, ms: number): string {
  const { zone } = preferences();
  let format = made.get(`${name} ${zone}`);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', { ...FORMATS[name], timeZone: zone === 'utc' ? 'UTC' : undefined });
    made.set(`${name} ${zone}`, format);
  }
  return format.format(ms);
}

export function clockTime(ms: number): string {
  return formatted('clock', ms);
}

export function minuteTime(ms: number): string {
  return formatted('minute', ms);
}

/** The time of day, and the day when it is not today; of another year the day alone. */
export function instant(ms: number): string {
  if (formatted('day', ms) === formatted('day', Date.now())) return formatted('clock', ms);
  return formatted(formatted('year', ms) === formatted('year', Date.now()) ? 'dated' : 'dayOfYear', ms);
}

export function exactInstant(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC');
}

/** How long ago, in one unit. */
export function ago(ms: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}

/** A size with about three digits: `512 B`, `8.2 MB`. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 99.5 ? Math.round(size) : Number(size.toPrecision(2))} ${units[unit]}`;
}
