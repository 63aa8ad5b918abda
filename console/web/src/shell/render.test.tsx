// Components: what a segment says is shown as text, and the sentences of the rail read well.
import { render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import type { Graph } from '../api/generated/Graph';
import { ApiError, get } from '../api/client';
import { IssueRail } from '../now/IssueRail';
import { Exceptions } from '../trace/Exceptions';
import { Facts } from '../trace/Facts';
import { JsonTree } from '../trace/JsonTree';
import { Failure } from '../ui/Failure';
import { TabRow } from '../ui/TabRow';

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
    <Exceptions detail={{ id: 'a', document: {}, segment: {}, received: 0, exceptions: [{ type: MARKUP, message: MARKUP, remote: false, truncated: 0, stack: [{ label: MARKUP }] }] }} />,
  ));

const EMPTY: Graph = { from: 0, to: 1e12, now: 1e12, nodes: [], edges: [], series: [], issues: [], traces: 0 };
const NODE = { id: 'a', name: 'a', role: 'service' as const, isRoot: true, lastSeen: 0, stats: { ok: 3, error: 0, throttle: 0, fault: 0, total: 3 } };
const rail = (graph: Graph) => <IssueRail graph={graph} windowMs={60_000} onHover={() => {}} onSelect={() => {}} />;

test('without issues the rail says that all is clear', () => {
  render(rail({ ...EMPTY, nodes: [NODE] }));
  expect(screen.getByText('All clear')).toBeTruthy();
});

test.each([
  [1e12 - 1000, 'is failing'],
  [1e12 - 120_000, 'was failing'],
])('an issue last seen at %i is a sentence with %s', (lastSeen, words) => {
  const { container } = render(
    rail({
      ...EMPTY,
      nodes: [NODE],
      issues: [{
        id: 'i', nodeId: 'n', name: 'ledger-db', role: 'aws', witness: 'payment', exceptionName: 'Timeout', firstSeen: 1e12 - 300_000, lastSeen,
        failing: 412, total: 3100, users: 37, entry: 'POST /checkout', affected: ['p'], example: '1-a-b', filter: 'fault',
      }],
    }),
  );
  expect(container.querySelector('.issue-title')?.textContent).toBe(`ledger-db ${words}`);
  expect(container.textContent).toContain('412 of 3,100 requests');
  expect(container.textContent).toContain('37 users');
  expect(container.querySelector('.rail-count')?.textContent).toBe(words === 'is failing' ? '1' : undefined);
  expect(container.textContent?.includes('All clear since')).toBe(words === 'was failing');
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
