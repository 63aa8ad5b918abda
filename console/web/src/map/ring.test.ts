// The ring shows small failures, and always closes.
import { expect, test } from 'vitest';
import { arcsOf, LEAST_SHARE } from './ring';

function check(ok: number, error: number, throttle: number, fault: number, expected: [string, number][]) {
  const arcs = arcsOf({ ok, error, throttle, fault });
  expect(arcs.map((arc) => [arc.outcome, Number(arc.share.toFixed(4))])).toEqual(expected);
  const end = arcs.reduce((at, arc) => {
    expect(arc.start).toBeCloseTo(at);
    return at + arc.share;
  }, 0);
  if (arcs.length > 0) expect(end).toBeCloseTo(1);
}

test('a service without trouble is one full circle', () => check(10, 0, 0, 0, [['ok', 1]]));
test('a service that only fails is one full circle', () => check(0, 0, 0, 7, [['fault', 1]]));
test('without requests there is no ring', () => check(0, 0, 0, 0, []));
test('worst comes first, clockwise', () => check(50, 20, 20, 10, [['fault', 0.1], ['throttle', 0.2], ['error', 0.2], ['ok', 0.5]]));
test('one fault in a million is still seen', () =>
  check(999_999, 0, 0, 1, [['fault', Number(LEAST_SHARE.toFixed(4))], ['ok', Number((1 - LEAST_SHARE).toFixed(4))]]));
test('floors of two classes are both given back by the largest', () =>
  check(99_998, 0, 1, 1, [['fault', 0.0167], ['throttle', 0.0167], ['ok', 0.9667]]));
