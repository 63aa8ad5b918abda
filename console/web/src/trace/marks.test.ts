// Steps go through all events in drawing order and by time, and begin where the reader stands.
import { expect, test } from 'vitest';
import { heapsOf, markName, marksOf, steppedMark } from './marks';
import { spansOf } from './span-fixture';

const spans = spansOf(['a', null, { events: [[5, 'late'], [1, 'early']] }], ['b', 0], ['c', 0, { events: [[0, 'only']] }]);
const marks = marksOf(spans);

test('events stand in drawing order, those of a span by time', () =>
  expect(marks).toEqual([{ span: 0, event: 1 }, { span: 0, event: 0 }, { span: 2, event: 0 }]));

test.each([
  ['forward from the open one', 'a.1', 0, 1, 'a.0'],
  ['forward over a span without any', 'a.0', 0, 1, 'c.0'],
  ['around the end', 'c.0', 2, 1, 'a.1'],
  ['back around the beginning', 'a.1', 0, -1, 'c.0'],
  ['from a span without any', null, 1, 1, 'c.0'],
  ['back from a span without any', null, 1, -1, 'a.0'],
  ['an open one of another span does not count', 'c.0', 0, 1, 'a.1'],
] as const)('%s', (_, open, selected, by, expected) => {
  const next = steppedMark(spans, marks, open, selected, by)!;
  expect(markName(spans[next.span]!.id, next.event)).toBe(expected);
});

test('where there is none there is no step', () => expect(steppedMark(spansOf(['a', null]), [], null, 0, 1)).toBeUndefined());

test('events that would hide each other are one mark, and those outside of the window none', () => {
  const [span] = spansOf(['a', null, { start: 10, events: [[-90, 'before'], [50, 'late'], [10, ''], [10.5, 'exception'], [1e12, 'after']] }]);
  expect(heapsOf(span!, 0, 100)).toEqual([
    { left: 0.2, event: 2, title: 'Event, +10 ms\nexception, +11 ms', hasException: true },
    { left: 0.6, event: 1, title: 'late, +50 ms', hasException: false },
  ]);
});

test('a mark of very many names the first', () => {
  const [span] = spansOf(['a', null, { events: Array.from({ length: 20 }, (_, index) => [1, `n${index}`] as [number, string]) }]);
  expect(heapsOf(span!, 0, 100)[0]?.title.split('\n').slice(-2)).toEqual(['n7, +1 ms', '12 more']);
});
