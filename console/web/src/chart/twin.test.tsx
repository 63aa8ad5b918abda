// The twin of a picture costs nothing until it is opened.
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { HistogramTable } from './HistogramTable';

afterEach(cleanup);

test('rows of a table twin are made when it is opened', async () => {
  const { container } = render(<HistogramTable bins={[{ value: 1.5, count: 7 }]} />);
  expect(container.querySelectorAll('tr')).toHaveLength(0);
  const details = container.querySelector('details')!;
  details.open = true;
  fireEvent(details, new Event('toggle'));
  expect(await screen.findByText('7')).toBeTruthy();
});
