// What stands in the address bar is read as it was written, and old or pasted forms are understood.
import { expect, test } from 'vitest';
import { changed } from './address';
import { fromAws } from './legacy';
import { absolute, boundsOf, lengthOf, parseRange } from './range';
import { placeInResults, rememberResults } from './results';
import { traceIdIn } from './trace-id';

test.each([
  ['PT30M', 1_800_000], ['PT1H', 3_600_000], ['P1D', 86_400_000], ['P1W', 604_800_000], ['PT1H30M', 5_400_000],
])('%s lasts %i ms', (text, length) => expect(lengthOf(parseRange(text))).toBe(length));

test.each([null, '', 'PT', 'P', 'yesterday', '~', '2026-02-02~2026-02-01', 'PT0M'])('%s falls back to half an hour', (text) =>
  expect(parseRange(text).text).toBe('PT30M'));

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
