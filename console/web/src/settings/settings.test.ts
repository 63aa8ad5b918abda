// The API console knows every operation that the server has, by its path.
// The page of routes is written from the server's table and held against it by its tests.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPERATIONS, onlyReads } from './operations';

const SOURCE = `${process.cwd()}/../../docs/routes.md`;

test('operations are those of the server', () => {
  const served = [...readFileSync(SOURCE, 'utf8').matchAll(/`POST (\/\w+)` \| `xray:(\w+)`/g)].map(([, path, name]) => `${name} ${path}`);
  expect(served.length).toBe(38);
  expect(OPERATIONS.map(({ name, path }) => `${name} ${path}`).sort()).toEqual(served.sort());
});

test('every template is an object of JSON', () => {
  for (const { name, template } of OPERATIONS) expect(Object.keys(JSON.parse(JSON.stringify(template(1_700_000_000)))).every((key) => /^[A-Z]/.test(key)), name).toBe(true);
});

test('what changes something is said to', () => {
  expect(['GetGroups', 'BatchGetTraces', 'ListTagsForResource'].map(onlyReads)).toEqual([true, true, true]);
  expect(['PutTraceSegments', 'DeleteGroup', 'StartTraceRetrieval'].map(onlyReads)).toEqual([false, false, false]);
});
