// One event stream tells when what is shown is stale; at most once a second the stale queries are asked again.
import type { Query, QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { lostSince } from './client';
import type { Pulse } from './generated/Pulse';

/** `live`: the stream is open. `polling`: it is not, and we ask every few seconds. `off`: the reader paused. */
export type LiveState = 'connecting' | 'live' | 'polling' | 'off';

export interface Live {
  state: LiveState;
  /** Since when the server does not answer, neither with the stream nor else. */
  offlineSince?: number;
  pulse?: Pulse;
}

/** No more often than this, whatever the server sends. */
const REFRESH_MS = 1000;
/** Relative ranges move on by themselves, and without a stream this is all there is. */
const POLL_MS = 5000;
/** With an open stream that says nothing new. */
const QUIET_MS = 15_000;

/** First words of query keys that go stale with new data; what is dearer or seldom changes asks by itself. */
const STALE_ON_PULSE = ['graph', 'now', 'node'];

let live: Live = { state: 'connecting' };
let clockOffset = 0;
const listeners = new Set<() => void>();
/** Who wants the picture to stand still for a moment, such as a brush being dragged. */
const holds = new Set<string>();

function tell(next: Partial<Live>): void {
  live = { ...live, ...next };
  for (const listener of listeners) listener();
}

/** Of a capsule, whose time does not go on. */
export const standsAt: number | undefined = Number(document.documentElement.dataset.standsAt) || undefined;

/** The server's clock, so that a wrong clock on this side does not shift relative ranges. */
export function serverNow(): number {
  return standsAt ?? Date.now() + clockOffset;
}

export function hold(name: string): () => void {
  holds.add(name);
  return () => holds.delete(name);
}

/** For whatever is no component. */
export function liveNow(): Live {
  return live;
}

export function useLive(): Live {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => live,
  );
}

let setPaused: ((paused: boolean) => void) | undefined;

export function toggleLive(): void {
  setPaused?.(live.state !== 'off');
}

export function startLive(queries: QueryClient): () => void {
  let source: EventSource | undefined;
  let isDirty = false;
  let isPaused = false;
  let lastRefresh = 0;
  /** Were on their way when something new came, so that their answers may be from before it. */
  const behind = new Set<string>();

  const canRefresh = () => !isPaused && !document.hidden && holds.size === 0;

  function refresh(): void {
    isDirty = false;
    lastRefresh = Date.now();
    const predicate = (query: Query) => STALE_ON_PULSE.includes(String(query.queryKey[0]));
    for (const query of queries.getQueryCache().findAll({ predicate, fetchStatus: 'fetching' })) behind.add(query.queryHash);
    // A slow answer is waited for: asked anew each second, it would never come.
    void queries.invalidateQueries({ predicate }, { cancelRefetch: false });
  }

  function catchUp(): void {
    for (const hash of behind) {
      const query = queries.getQueryCache().get(hash);
      if (query?.state.fetchStatus === 'fetching') continue;
      behind.delete(hash);
      if (query) void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
    }
  }

  function connect(): void {
    source?.close();
    source = new EventSource('/api/live');
    source.addEventListener('pulse', (event) => {
      const pulse = JSON.parse((event as MessageEvent<string>).data) as Pulse;
      clockOffset = pulse.at - Date.now();
      isDirty ||= pulse.through !== live.pulse?.through;
      // Also while nobody looks: the tab and the browser tell of it.
      if (pulse.noticed !== live.pulse?.noticed) void queries.invalidateQueries({ queryKey: ['firing'] });
      tell({ state: isPaused ? 'off' : 'live', pulse, offlineSince: undefined });
    });
    source.onopen = () => tell({ state: isPaused ? 'off' : 'live', offlineSince: undefined });
    source.onerror = () => tell({ state: isPaused ? 'off' : 'polling' });
  }

  const ticker = window.setInterval(() => {
    const offlineSince = source?.readyState === EventSource.OPEN ? undefined : lostSince();
    if (offlineSince !== live.offlineSince) tell({ offlineSince });
    const isOld = Date.now() - lastRefresh >= (live.state === 'live' ? QUIET_MS : POLL_MS);
    if (canRefresh()) catchUp();
    if (canRefresh() && (isDirty || isOld)) refresh();
    // A browser gives up on a stream that was refused; it does not try again by itself.
    if (!isPaused && isOld && source?.readyState === EventSource.CLOSED) connect();
  }, REFRESH_MS);

  setPaused = (paused) => {
    isPaused = paused;
    tell({ state: paused ? 'off' : source?.readyState === EventSource.OPEN ? 'live' : 'polling' });
    if (!paused) refresh();
  };

  connect();
  return () => {
    window.clearInterval(ticker);
    source?.close();
    setPaused = undefined;
  };
}
