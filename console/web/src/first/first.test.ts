// The first run: snippets name real addresses, and refusals come with a remedy.
import { expect, test } from 'vitest';
import { remedyFor } from './remedy';
import { reachable, snippetsFor } from './snippets';

test.each([
  ['127.0.0.1:2000', '127.0.0.1:2000'],
  ['0.0.0.0:2000', '127.0.0.1:2000'],
  ['[::]:2000', '127.0.0.1:2000'],
  ['10.0.0.7:2000', '10.0.0.7:2000'],
])('a server that listens at %s is reached at %s', (listens, reached) => expect(reachable(listens)).toBe(reached));

test('every snippet names the address of this server and no other', () => {
  for (const snippet of snippetsFor({ udp: '127.0.0.1:4711', http: '127.0.0.1:4712' })) {
    expect(snippet.text, snippet.id).toMatch(/127\.0\.0\.1[:/]471[12]/);
    expect(snippet.text, snippet.id).not.toContain(':2000');
  }
});

test('the shell snippet sends header and document as one datagram', () =>
  expect(snippetsFor({ udp: '127.0.0.1:2000', http: '127.0.0.1:2000' })[0]!.text).toContain('env printf'));

test.each([
  ['MissingDocument', /env printf/],
  ['ParseError', /JSON/],
  ['InvalidTraceId', /1-58406520/],
])('%s has a remedy', (reason, remedy) => expect(remedyFor(reason)).toMatch(remedy));

test('an unknown reason has none, rather than a wrong one', () => expect(remedyFor('something_new')).toBeUndefined());
