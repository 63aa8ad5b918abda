// Links to logs while they are edited, and that the examples are what the server takes.
import { expect, test } from 'vitest';
import { EXAMPLES, isSame, placeOf, rowsOf, withNew } from './log-link';

test('a complaint belongs to a field of a link', () => {
  expect(placeOf('rule 2, url, character 9: the host must be written out')).toEqual({ rule: 1, field: 'url', text: 'the host must be written out' });
  expect(placeOf('there may be 100 rules at most')).toBeUndefined();
});

test('rows differ from what is saved once something was typed', () => {
  const rule = { service: '*', title: 'a', url: 'l' };
  expect(isSame(rowsOf([rule]), [rule])).toBe(true);
  expect(isSame(withNew(rowsOf([rule])), [rule])).toBe(false);
  expect(withNew([{ ...rule, key: 4 }]).map(({ key }) => key)).toEqual([4, 5]);
});

test('examples have no braces but those of placeholders, and no blanks', () => {
  for (const { url } of EXAMPLES) {
    expect(url.replaceAll(/\{(trace_id|service|start|end|start_iso|end_iso)\}/g, ''), url).not.toMatch(/[{}\s"<>\\]/);
    expect(url).toMatch(/^https:..[a-z0-9.-]+\//);
  }
});
