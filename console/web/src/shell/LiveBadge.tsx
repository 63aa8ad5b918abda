// Whether the picture is current, and how far it lags behind what was received.
import { useEffect, useReducer } from 'react';
import { toggleLive, useLive } from '../api/live';
import { duration } from '../quantity';

const WORD = { connecting: 'Connecting', live: 'Live', polling: 'No stream', off: 'Paused' } as const;
const EXPLAINED = {
  connecting: 'Connecting to the server',
  live: 'Updates arrive as they happen. Press to pause.',
  polling: 'The event stream is not open; asking every 5 seconds. Press to pause.',
  off: 'Paused. Press to go on.',
} as const;

export function LiveBadge() {
  const { state, pulse, offlineSince } = useLive();
  if (offlineSince !== undefined) return <Offline since={offlineSince} />;
  const lag = state === 'live' && pulse ? duration(Math.max(0, pulse.lag)) : undefined;
  return (
    <button type="button" className={`live live-${state}`} aria-pressed={state !== 'off'} title={EXPLAINED[state]} onClick={toggleLive}>
      <span className="live-dot" aria-hidden="true" />
      <span>{WORD[state]}</span>
      {lag && <span className="live-lag">{lag}</span>}
    </button>
  );
}

/** Said plainly and counted: what is shown is as old as this. It goes away by itself. */
function Offline({ since }: { since: number }) {
  const [, count] = useReducer((number: number) => number + 1, 0);
  useEffect(() => {
    document.title = `Offline · ${document.title}`;
    const timer = window.setInterval(count, 1000);
    return () => {
      window.clearInterval(timer);
      document.title = document.title.replace(/^Offline · /, '');
    };
  }, []);
  return (
    <span className="live is-offline" role="status" title="The server does not answer. What is shown is from before; this goes away by itself.">
      <span className="live-dot" aria-hidden="true" />
      <span aria-hidden="true">Offline, {duration(Math.max(1000, Math.round((Date.now() - since) / 1000) * 1000))}</span>
      <span className="visually-hidden">Offline</span>
    </span>
  );
}
