// The first run: snippets name real addresses, and refusals come with a remedy.
import { expect, test } from 'vitest';
import { otelSnippets } from './otel-snippets';
import { remedyFor } from './remedy';
import { reachable, snippetsFor } from './snippets';

const PLAIN = { isEncrypted: false, needsKey: false };

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

test('every snippet of OpenTelemetry names this server, and no port that is not its own', () => {
  for (const { id, text } of otelSnippets({ udp: '0.0.0.0:4711', http: '0.0.0.0:4712' }, PLAIN)) {
    expect(text, id).toMatch(/(OTEL_EXPORTER_OTLP_ENDPOINT=|endpoint: )http:\/\/127\.0\.0\.1:4712$/m);
    expect(text, id).not.toMatch(/:2000|:4711/);
  }
});

test.each(['java-agent', 'python', 'node', 'go', 'dotnet'])('%s is told protocol, service and propagators', (id) => {
  const { text } = otelSnippets({ udp: '127.0.0.1:2000', http: '127.0.0.1:2000' }, PLAIN).find((snippet) => snippet.id === id)!;
  for (const variable of ['OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf', 'OTEL_SERVICE_NAME=', 'OTEL_METRICS_EXPORTER=none']) expect(text).toContain(variable);
  expect(text).toMatch(/OTEL_PROPAGATORS=\S*tracecontext\S*xray/);
});

test('a server that encrypts and asks for keys is spoken to so, in every snippet', () => {
  for (const { id, text } of otelSnippets({ udp: '127.0.0.1:2000', http: '10.0.0.7:2000' }, { isEncrypted: true, needsKey: true })) {
    expect(text, id).toMatch(/(OTEL_EXPORTER_OTLP_ENDPOINT=|endpoint: )https:\/\/10\.0\.0\.7:2000$/m);
    expect(text, id).toMatch(/authorization(=Bearer%20|: Bearer )\$/);
  }
});

test('variables in a program are comments of it', () => {
  const go = otelSnippets({ udp: '127.0.0.1:2000', http: '127.0.0.1:2000' }, PLAIN).find((snippet) => snippet.id === 'go')!.text;
  expect(go).toMatch(/^(\/\/ .+\n)+package main$/m);
});

test('the shell snippet sends header and document as one datagram', () =>
  expect(snippetsFor({ udp: '127.0.0.1:2000', http: '127.0.0.1:2000' })[0]!.text).toContain('env printf'));

test.each([
  ['MissingDocument', /env printf/],
  ['ParseError', /JSON/],
  ['InvalidTraceId', /1-58406520/],
])('%s has a remedy', (reason, remedy) => expect(remedyFor(reason)).toMatch(remedy));

test('an unknown reason has none, rather than a wrong one', () => expect(remedyFor('something_new')).toBeUndefined());
