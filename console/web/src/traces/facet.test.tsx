// What is offered to narrow by, and that values of segments are text in it.
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import type { Facet } from '../api/generated/Facet';
import type { Facets } from '../api/generated/Facets';
import type { BreakdownOverTime } from '../api/generated/BreakdownOverTime';
import { Measures } from '../analytics/Measures';
import type { Compare } from '../api/generated/Compare';
import { FacetBar, offered } from './FacetBar';
import { OverTime } from './OverTime';
import { fromFirst } from './Picture';

afterEach(cleanup);

const MARKUP = '<img src=x onerror=alert(1)>';

function facet(field: string, values: [string | null, number][], rest: Partial<Facet> = {}): Facet {
  return { field, isId: false, isCut: false, distinct: values.length, values: values.map(([value, count]) => ({ value, filter: `${field} = ${value}`, count })), ...rest };
}

const ALL: Facets = {
  traces: 10, ok: 7, error: 0, throttle: 0, fault: 3, fieldsLeftOut: false, scanned: 10, complete: true,
  measures: [{ key: 'items', values: 4, least: 1, most: 24.5, median: 3.25 }],
  facets: [
    facet('annotation.tenant', [['acme', 4], [null, 6]]),
    facet('annotation.items', [['1', 6], ['2', 4]]),
    facet('annotation.request', [['a', 1], ['b', 1]], { isId: true }),
    facet('version.shop', [['1.0', 6], ['1.1', 4]]),
    facet('selftime', [['0 to 1', 6], ['1 to 2', 4]]),
    facet('method', [['GET', 10]]),
    facet('user', [['u-1', 1], [MARKUP, 1]], { isId: true }),
    facet('status', [['200', 7], ['500', 3]]),
  ],
};

test('what tells traces apart is offered, outcomes first and annotations last', () => {
  expect(offered(ALL).map(({ field }) => field)).toEqual(['outcome', 'status', 'user', 'version.shop', 'annotation.items', 'annotation.tenant']);
  expect(offered({ ...ALL, fault: 0, ok: 10 }).some(({ field }) => field === 'outcome')).toBe(false);
});

test('a value says how many have it, narrows to them, and is text', async () => {
  const onNarrow = vi.fn();
  const { container } = render(<FacetBar facets={ALL} isOld={false} onNarrow={onNarrow} onBy={() => {}} />);
  const open = (name: string) => {
    const details = [...container.querySelectorAll('details')].find((one) => one.textContent!.startsWith(name))!;
    details.open = true;
    fireEvent(details, new Event('toggle'));
    return details;
  };
  expect(open('User').textContent).toContain(MARKUP);
  expect(container.querySelector('img')).toBeNull();
  expect(open('items').textContent).toContain('From 1 to 24.5, half of them up to 3.25');
  const tenant = open('tenant');
  expect(tenant.textContent).toMatch(/acme440 %.*none660 %/);
  fireEvent.click(tenant.querySelector('.facet-value')!);
  expect(onNarrow).toHaveBeenLastCalledWith('annotation.tenant = acme');
  open('tenant');
  fireEvent.click(await screen.findByLabelText('All but acme'));
  expect(onNarrow).toHaveBeenLastCalledWith('!(annotation.tenant = acme)');
});

test('over time each value has its rate, its failures and its times in words', () => {
  const data: BreakdownOverTime = {
    start: 0, step: 60_000, columns: 2, others: 1, otherTraces: 5, scanned: 9, complete: true,
    slices: [
      {
        value: MARKUP, filter: 'x', ok: 3, error: 0, throttle: 0, fault: 1, p50: 20, p95: 200,
        points: [{ column: 0, ok: 3, error: 0, throttle: 0, fault: 0, p50: 20, p95: 200 }, { column: 1, ok: 0, error: 0, throttle: 0, fault: 1 }],
      },
    ],
  };
  const { container } = render(<OverTime data={data} by="user" onNarrow={() => {}} />);
  expect([...container.querySelectorAll('[role=img]')].map((one) => one.getAttribute('aria-label'))).toEqual(['4 traces, at most 3 in 1 min', '25 % went wrong, at most 100 % in 1 min', 'p50 20 ms, p95 200 ms']);
  expect(container.textContent).toContain('1 less frequent value with 5 traces is not drawn.');
  expect(container.querySelectorAll('.bar-fault')).toHaveLength(1);
  expect(container.querySelector('img')).toBeNull();
});

test('numbers that part the sets are told, and chance is not', () => {
  const range = { key: 'items', values: 10, least: 1, most: 20, median: 4 };
  const split = { from: 12, filter: 'annotation.items >= 12', a: 9, b: 1 };
  const measures = [
    { key: 'items', a: range, b: range, delta: 0.8, isChance: false, split },
    { key: 'noise', a: range, b: range, delta: 0.2, isChance: true, split },
  ];
  const onFilter = vi.fn();
  render(<Measures compare={{ measures } as unknown as Compare} onFilter={onFilter} onExclude={() => {}} />);
  expect(screen.getByText('12 and more')).toBeTruthy();
  expect(screen.getByText('+80')).toBeTruthy();
  expect(screen.queryByText('noise')).toBeNull();
  expect(screen.getByText(/1 other number could lie so by chance/)).toBeTruthy();
  fireEvent.click(screen.getByLabelText('Filter A for items from 12 on'));
  expect(onFilter).toHaveBeenCalledWith('annotation.items >= 12');
});

test('a picture that is mostly blank begins with the first trace', () => {
  const heatmap = (columns: number[]) => ({ start: 0, step: 10, columns: 90, edges: [1, 2], cells: columns.map((column) => ({ column, row: 0, count: 1, bad: 0 })) });
  expect(fromFirst(heatmap([70, 89]))).toMatchObject({ start: 700, columns: 20, cells: [{ column: 0 }, { column: 19 }] });
  expect(fromFirst(heatmap([88, 89]))).toMatchObject({ start: 780, columns: 12, cells: [{ column: 10 }, { column: 11 }] });
  expect(fromFirst(heatmap([20]))).toEqual(heatmap([20]));
  expect(fromFirst(heatmap([]))).toMatchObject({ columns: 12 });
});
