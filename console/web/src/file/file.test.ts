// Which files are understood, and what is said of others.
import { expect, test } from 'vitest';
import { tracesIn } from './read';

const ID = '1-67a00000-0123456789abcdef01234567';
const OTHER = '1-67a00000-ffffffffffffffffffffffff';
const document = (id: string, rest: object = {}) => ({ trace_id: id, id: '0123456789abcdef', name: 'shop', start_time: 1, end_time: 2, ...rest });
const trace = (id: string, ...documents: object[]) => ({ Id: id, Segments: documents.map((one) => ({ Id: 'x', Document: JSON.stringify(one) })) });

function check(text: unknown, expected: [string, number][]) {
  const found = tracesIn(typeof text === 'string' ? text : JSON.stringify(text));
  expect([...found].map(([id, documents]) => [id, documents.length])).toEqual(expected);
}

test('what BatchGetTraces answers, and one trace of it', () => {
  check({ Traces: [trace(ID, document(ID), document(ID)), trace(OTHER, document(OTHER))], UnprocessedTraceIds: [] }, [[ID, 2], [OTHER, 1]]);
  check(trace(ID, document(ID)), [[ID, 1]]);
});
test('a line a trace', () => check(`${JSON.stringify(trace(ID, document(ID)))}\n${JSON.stringify(trace(OTHER, document(OTHER)))}\n`, [[ID, 1], [OTHER, 1]]));
test('documents as they were received, alone, in a list, and behind the header of the daemon', () => {
  check([{ received: 1, document: JSON.stringify(document(ID)) }], [[ID, 1]]);
  check(document(ID), [[ID, 1]]);
  check([document(ID), JSON.stringify(document(OTHER))], [[ID, 1], [OTHER, 1]]);
  check(`{"format":"json","version":1}\n${JSON.stringify(document(ID))}`, [[ID, 1]]);
});
test('what was inferred is left to be inferred again', () => check(trace(ID, document(ID), document(ID, { inferred: true })), [[ID, 1]]));
test('other files are refused with what is wrong', () => {
  expect(() => tracesIn('{"a": 1}')).toThrow(/no segments/);
  expect(() => tracesIn('{"a": 1}\nnot json')).toThrow(/line 2/);
});
