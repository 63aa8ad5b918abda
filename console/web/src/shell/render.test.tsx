// Components: what a segment says is shown as text, and the sentences of the rail read well.
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import type { Graph } from '../api/generated/Graph';
import type { Now } from '../api/generated/Now';
import type { NowEntry } from '../api/generated/NowEntry';
import { ApiError, get } from '../api/client';
import { IssueRail } from '../now/IssueRail';
import { Exceptions } from '../trace/Exceptions';
import { Facts } from '../trace/Facts';
import { JsonTree } from '../trace/JsonTree';
import { Failure } from '../ui/Failure';
import { TabRow } from '../ui/TabRow';

afterEach(cleanup);

const MARKUP = '<img src=x onerror=alert(1)><script>alert(2)</script>';

function check(node: React.ReactNode) {
  const { container } = render(node);
  expect(container.textContent).toContain(MARKUP);
  expect(container.querySelector('img, script')).toBeNull();
}

test('markup in a fact is text', () => check(<Facts facts={[{ name: 'url', value: MARKUP }]} />));
test('markup in metadata is text', () => check(<JsonTree value={{ [MARKUP]: 1 }} />));
test('markup in an exception is text', () =>
  check(
    <Exceptions detail={{ id: 'a', document: {}, segment: {}, received: 0, logs: [], exceptions: [{ type: MARKUP, message: MARKUP, remote: false, truncated: 0, stack: [{ label: MARKUP }] }] }} />,
  ));

const EMPTY: Graph = { from: 0, to: 1e12, now: 1e12, nodes: [], edges: [], series: [] };
const NODE = { id: 'a', name: 'a', role: 'service' as const, isRoot: true, lastSeen: 0, stats: { ok: 3, error: 0, throttle: 0, fault: 0, total: 3 } };
const NOTHING: Now = { from: 0, to: 1e12, now: 1e12, at: 1e12, entries: [], background: { nodes: [], failing: 0 }, clocks: [], requests: 3 };
const ENTRY: NowEntry = {
  id: 'i', node: 'ledger-db', nodeId: 'n', role: 'aws', witness: 'payment', what: 'failing', weight: 'outage', since: 1e12 - 300_000,
  failing: 412, requests: 3100, clients: 400, allRequests: 9000, users: 37, exception: { name: 'Timeout', count: 400 }, exceptions: [{ name: 'Timeout', count: 400 }, { name: 'TimeoutError', count: 12 }],
  operation: 'POST /checkout', beganWith: { nodeId: 'p', name: 'payment', version: '1.8.2', at: 1e12 - 301_000, requests: 5 }, affected: ['p'], affectedNames: ['payment'], example: '1-a-b', filter: 'fault', sentence: 'ledger-db is failing',
  episode: { number: 6, all: [{ since: 1, until: 150_001, failing: 9 }, { since: 1e12 - 300_000, failing: 412 }], sparks: [1, 4, 2] },
};
const rail = (entries: NowEntry[], more: Partial<Now> = {}) => render(<IssueRail graph={{ ...EMPTY, nodes: [NODE] }} now={{ ...NOTHING, entries, ...more }} windowMs={60_000} onHover={() => {}} onSelect={() => {}} />).container;

test('where nothing is broken the rail says that all is clear', () => {
  expect(rail([]).textContent).toContain('All clear');
});

test('an outage is an open card with all it is known by', () => {
  const container = rail([ENTRY]);
  expect(container.querySelector('.issue-title')?.textContent).toBe('ledger-db is failing');
  for (const words of ['412 of 3,100 requests', '37 users', '6th time', '150 s each', '1 other name for it', 'payment fails because of it', '400 of 9,000 requests', 'with payment 1.8.2']) {
    expect(container.textContent?.replaceAll('2 min 30 s', '150 s').replaceAll('2.50 min', '150 s')).toContain(words);
  }
  expect(container.querySelector('.rail-count')?.textContent).toBe('1');
});

test('what is degraded or over is a line that unfolds, and the small is counted', () => {
  const container = rail([
    { ...ENTRY, id: 'a', weight: 'degraded' },
    { ...ENTRY, id: 'b', weight: 'noise', failing: 2 },
    { ...ENTRY, id: 'c', until: 1e12 - 100_000 },
  ]);
  expect(container.querySelectorAll('.issue.is-line')).toHaveLength(2);
  expect(container.querySelector('.rail-count')?.className).toContain('is-slow');
  expect(container.textContent).toContain('1 more, small');
  expect(container.querySelector('.issue.is-quiet')?.textContent).toContain('was failing');
  fireEvent.click(screen.getAllByRole('button', { name: 'More of ledger-db' })[0]!);
  expect(container.querySelectorAll('.issue.is-line')).toHaveLength(1);
});

test('where nothing is heavier a small thing is a line of its own, and nothing claims that all is clear', () => {
  const container = rail([{ ...ENTRY, weight: 'noise', failing: 2 }]);
  expect(container.querySelector('.issue.is-quiet.is-line')?.textContent).toContain('ledger-db is failing');
  expect(container.textContent).toContain('No outage');
  expect(container.textContent).not.toContain('All clear');
});

test('a slow way names both its ends, and clocks and the usual are told in a line', () => {
  const slow = { wayFrom: 'gateway', wayTo: 'travel', usualP50: 4, p50: 120, usualP90: 9, p90: 150 };
  const container = rail([{ ...ENTRY, what: 'slow', slow }], { background: { nodes: ['mail'], failing: 3 }, clocks: [{ node: 'cart', nodeId: 'c', behind: 90_000 }] });
  expect(container.querySelector('.issue-title')?.textContent).toBe('The way from gateway to travel is slow');
  expect(container.textContent).toMatch(/4(\.0)? ms usually, 120 ms now/);
  expect(container.textContent).toContain('1 node fails as usual');
  expect(container.textContent).toMatch(/The clock of cart is .* behind/);
});

test('markup in a sentence of the rail is text', () => {
  const container = rail([{ ...ENTRY, node: MARKUP, host: MARKUP, exceptions: [{ name: MARKUP, message: MARKUP, count: 1 }], operation: MARKUP }]);
  expect(container.querySelector('img, script')).toBeNull();
});

test('a problem becomes a message with its request id and a command', async () => {
  vi.stubGlobal('fetch', async () =>
    new Response(JSON.stringify({ title: 'Bad filter', detail: 'Unknown keyword', status: 400, requestId: 'r-1' }), { status: 400 }));
  const error = await get('/api/traces', { filter: "it's" }).catch((cause: unknown) => cause);
  vi.unstubAllGlobals();
  expect(error).toBeInstanceOf(ApiError);
  const { container } = render(<Failure error={error as ApiError} retry={() => {}} />);
  expect(container.textContent).toContain('Unknown keyword');
  expect(container.textContent).toContain('r-1');
  expect((error as ApiError).curl).toMatch(/^curl -sS 'http.*filter=it%27s'$/);
});

test('an empty tab stays at its place and says why', () => {
  render(
    <TabRow
      label="Details"
      active="sql"
      onChange={() => {}}
      tabs={[{ id: 'overview', label: 'Overview', content: 'facts' }, { id: 'sql', label: 'SQL', emptyReason: 'This is no database query.', content: 'none' }]}
    />,
  );
  const tab = screen.getByRole('tab', { name: 'SQL' });
  expect(tab.getAttribute('aria-disabled')).toBe('true');
  expect(tab.getAttribute('title')).toBe('This is no database query.');
  expect(screen.getByRole('tabpanel').textContent).toBe('facts');
});
