// How a slider, the address and words say how much faster something is.
import { expect, test } from 'vitest';
import { fasterIn, slid, slideOf, SLIDER_STEPS, words } from './what-if';

test('each step of the slider is found again, and others stand at the nearest', () => {
  for (let step = 0; step <= SLIDER_STEPS; step += 1) expect(slideOf(slid(step))).toBe(step);
  expect(slid(slideOf(97))).toBe(100);
  expect([slid(-3), slid(99)]).toEqual([0, 10_000]);
});

test('the address says what is faster, and by how much as far as that can be', () => {
  const read = (text: string) => fasterIn(new URLSearchParams(text));
  expect(read('faster=100')).toBeUndefined();
  expect(read('node=bank~remote')).toEqual({ node: 'bank~remote', caller: undefined, by: 100 });
  expect(read('node=bank&caller=shop&faster=-5')).toEqual({ node: 'bank', caller: 'shop', by: 0 });
  expect(read('node=bank&faster=x')?.by).toBe(0);
});

test('it is said in words', () => {
  expect([0, 100, 1500].map(words)).toEqual(['as fast as they are', '100 ms faster', '1.5 s faster']);
});
