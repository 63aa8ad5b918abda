// What the event stream makes the queries ask, and when.
import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { get } from './client';
import { liveNow, startLive } from './live';

const SECOND = 1_000;
let pulse: (through: number) => void;
const streams: Stream[] = [];

class Stream {
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readyState = Stream.OPEN;
  onopen?: () => void;
  constructor() {
    streams.push(this);
  }
  addEventListener(_: string, listener: (event: { data: string }) => void): void {
    pulse = (through) => listener({ data: JSON.stringify({ through, at: Date.now() }) });
  }
  close(): void {}
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', Stream);
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('document', { hidden: false });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('what comes while an answer is on its way is asked for after it', async () => {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const asked: ((answer: string) => void)[] = [];
  const observer = new QueryObserver(queries, { queryKey: ['graph'], queryFn: () => new Promise<string>((resolve) => asked.push(resolve)) });
  const leave = observer.subscribe(() => {});
  const stop = startLive(queries);
  pulse(1);
  await vi.advanceTimersByTimeAsync(3 * SECOND);
  // A slow answer is neither cancelled nor asked for twice.
  expect(asked).toHaveLength(1);
  asked[0]('before');
  await vi.advanceTimersByTimeAsync(SECOND);
  expect(asked).toHaveLength(2);
  asked[1]('after');
  await vi.advanceTimersByTimeAsync(2 * SECOND);
  expect(observer.getCurrentResult().data).toBe('after');
  expect(asked).toHaveLength(2);
  stop();
  leave();
});

test('a server that does not answer is told of, from when it was first missed until it is back', async () => {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const stop = startLive(queries);
  Object.assign(streams.at(-1)!, { readyState: 0 });
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  const since = Date.now();
  await expect(get('/api/now')).rejects.toThrow('does not answer');
  await vi.advanceTimersByTimeAsync(2 * SECOND);
  await expect(get('/api/now')).rejects.toThrow();
  await vi.advanceTimersByTimeAsync(SECOND);
  expect(liveNow().offlineSince).toBe(since);
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}')));
  await get('/api/now');
  await vi.advanceTimersByTimeAsync(SECOND);
  expect(liveNow().offlineSince).toBeUndefined();
  stop();
});
