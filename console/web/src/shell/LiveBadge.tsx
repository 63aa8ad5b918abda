// Whether the picture is current, and how far it lags behind what was received.
import { toggleLive, useLive } from '../api/live';
import { duration } from '../quantity';

const WORD = { connecting: 'Connecting', live: 'Live', polling: 'Polling', off: 'Paused' } as const;
const EXPLAINED = {
  connecting: 'Connecting to the server',
  live: 'Updates arrive as they happen. Press to pause.',
  polling: 'The event stream is not open; asking every 5 seconds. Press to pause.',
  off: 'Paused. Press to go on.',
} as const;

export function LiveBadge() {
  const { state, pulse } = useLive();
  const lag = state === 'live' && pulse ? duration(Math.max(0, pulse.lag)) : undefined;
  return (
    <button type="button" className={`live live-${state}`} aria-pressed={state !== 'off'} title={EXPLAINED[state]} onClick={toggleLive}>
      <span className="live-dot" aria-hidden="true" />
      <span>{WORD[state]}</span>
      {lag && <span className="live-lag">{lag}</span>}
    </button>
  );
}
