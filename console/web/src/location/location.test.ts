// What stands in the address bar is read as it was written, and old or pasted forms are understood.
import { expect, test } from 'vitest';
import { changed } from './address';
import { fromAws } from './legacy';
import { absolute, boundsOf, lengthOf, parseRange, relative, scaled, shifted } from './range';
import { placeInResults, rememberResults } from './results';
import { traceIdIn } from './trace-id';

test.each([
  ['PT30M', 1_800_000], ['PT1H', 3_600_000], ['P1D', 86_400_000], ['P1W', 604_800_000], ['PT1H30M', 5_400_000],
])('%s lasts %i ms', (text, length) => expect(lengthOf(parseRange(text))).toBe(length));

test.each([null, '', 'PT', 'P', 'yesterday', '~', '2026-02-02~2026-02-01', 'PT0M'])('%s falls back to half an hour', (text) =>
  expect(parseRange(text).text).toBe('PT30M'));

test('a range is given in instants or, by links of messages, in epoch milliseconds', () => {
  const range = absolute(1_700_000_000_000, 1_700_000_060_000);
  expect(parseRange(range.text)).toEqual(range);
  expect(parseRange('1700000000000~1700000060000')).toEqual(range);
  expect(parseRange('1700000060000~1700000000000').kind).toBe('relative');
});

test('an absolute range comes back as it was written', () => {
  const range = absolute(Date.UTC(2026, 10, 23, 14), Date.UTC(2026, 10, 23, 14, 30));
  expect(parseRange(range.text)).toEqual(range);
  expect(boundsOf(range, 0)).toEqual({ from: range.from, to: range.to });
});

test('a relative range ends a little after now, so that new traces are inside', () => {
  const { from, to } = boundsOf(parseRange('PT5M'), 1_000_000);
  expect(from).toBe(700_000);
  expect(to).toBeGreaterThan(1_000_000);
});

const ID = '1-58406520-a006649127e371903a2de979';
test.each([
  [ID, ID],
  [`Root=${ID};Parent=53995c3f42cd8ad8;Sampled=1`, ID],
  ['58406520a006649127e371903a2de979', ID],
  ['00-58406520a006649127e371903a2de979-53995c3f42cd8ad8-01', ID],
  [ID.toUpperCase(), ID],
  ['checkout', undefined],
  ['1-58406520-a006649127e371903a2de97', undefined],
])('in %s the trace id is %s', (text, id) => expect(traceIdIn(text)).toBe(id));

test.each([
  [`#/traces/${ID}`, `/traces/${ID}`],
  ['#/service-map?timeRange=PT1H', '/?range=PT1H'],
  ['#xray:service-map/map?timeRange=PT6H', '/?range=PT6H'],
  ['#/traces?filter=fault&timeRange=PT1H', '/traces?range=PT1H&filter=fault'],
  ['#/traces?timeRange=2026-11-23T14:00:00.000Z~2026-11-23T15:00:00.000Z', '/traces?range=2026-11-23T14%3A00%3A00.000Z%7E2026-11-23T15%3A00%3A00.000Z'],
  ['#/analytics?filter=fault', '/analytics?filter=fault'],
  ['#/sampling', '/sampling'],
  ['#/groups', '/groups'],
  ['#/insights/abc', '/insights'],
  ['#/encryption', '/settings?tab=storage'],
  [`#xray:traces/${ID}`, `/traces/${ID}`],
  [`#xray:traces/${ID}?~(context~(timeRange~(delta~3600000)))`, `/traces/${ID}`],
  ["#xray:traces/query?~(query~'service*28*22a*22*29~context~(timeRange~(delta~3600000)))", '/traces?range=PT1H&filter=service%28%22a%22%29'],
  ["#xray:traces?~(context~(timeRange~(start~'2026-11-23T14*3a00*3a00Z~end~'2026-11-23T15*3a00*3a00Z)))", '/traces?range=2026-11-23T14%3A00%3A00Z%7E2026-11-23T15%3A00%3A00Z'],
  ['#xray:settings/sampling-rules', '/sampling'],
  ['#xray:settings/groups', '/groups'],
  ['#servicelens:service-map/map', '/'],
  ['#main', undefined],
  ['', undefined],
])('an old link with %s leads to %s', (hash, to) => expect(fromAws(hash)).toBe(to));

test('changing one name of the query leaves the others', () => {
  expect(changed('?range=PT1H&sel=a', { sel: undefined, tab: 'why' })).toBe('?range=PT1H&tab=why');
  expect(changed('?sel=a', { sel: '' })).toBe('');
  expect(new URLSearchParams(changed('', { filter: 'a = "x & y"' })).get('filter')).toBe('a = "x & y"');
});

test('a trace knows its place in the list that it was opened from', () => {
  rememberResults(['1-a', '1-b', '1-c'], 412, '/traces?filter=fault');
  expect(placeInResults('1-b')).toEqual({ position: 2, total: 412, previous: '1-a', next: '1-c', href: '/traces?filter=fault' });
  expect(placeInResults('1-a')?.previous).toBeUndefined();
  expect(placeInResults('1-z')).toBeUndefined();
});

const AT = Date.UTC(2026, 10, 23, 15);

test.each([[3_600_000, 'PT1H'], [5_400_000, 'PT1H30M'], [86_400_000, 'P1D'], [90_000_000, 'P1DT1H'], [45_000, 'PT45S'], [0, 'PT1S']])('%i ms back is %s', (ms, text) =>
  expect(relative(ms).text).toBe(text));

test('a window moves by half of itself, and never into the future', () => {
  const before = shifted(parseRange('PT1H'), AT, -1);
  expect([before.kind, lengthOf(before)]).toEqual(['absolute', 3_600_000]);
  expect(boundsOf(before, AT).to).toBeLessThan(AT);
  expect(shifted(absolute(AT - 20 * 3_600_000, AT - 10 * 3_600_000), AT, 1)).toEqual(absolute(AT - 15 * 3_600_000, AT - 5 * 3_600_000));
  expect(shifted(absolute(AT - 3_600_000, AT), AT, 1).text).toBe('PT1H');
  expect(shifted(parseRange('PT1H'), AT, 1).text).toBe('PT1H');
});

test('a window is widened and narrowed within bounds', () => {
  expect(scaled(parseRange('PT30M'), 2).text).toBe('PT1H');
  expect(scaled(parseRange('PT1M'), 0.5).text).toBe('PT1M');
  expect(scaled(absolute(AT - 60_000 * 10, AT), 2)).toEqual(absolute(AT - 60_000 * 15, AT + 60_000 * 5));
});
