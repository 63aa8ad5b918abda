// What goes on, counted in the bar on top, and told by the browser where somebody allowed that.
import { useEffect, useRef } from 'react';
import { useFiring } from '../api/firing';
import type { Firing } from '../api/generated/Firing';
import { instant, plural } from '../quantity';

const GLYPH = 'M-6 4C-4 2-5-6 0-6 5-6 4 2 6 4ZM-2 7H2';

export function Bell() {
  const firing = useFiring().data;
  useBrowserNotices(firing);
  const box = useRef<HTMLDetailsElement>(null);
  const close = () => box.current?.removeAttribute('open');
  const list = firing ?? [];
  return (
    <details
      ref={box}
      className="bell"
      onKeyDown={(event) => event.key === 'Escape' && close()}
      onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || close()}
    >
      <summary className="tool" title="What goes on" aria-label={list.length === 0 ? 'Nothing goes on' : `${plural(list.length, 'thing')} going on`}>
        <svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true">
          <path d={GLYPH} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" />
        </svg>
        {list.length > 0 && <span className="bell-count">{list.length > 99 ? '99+' : list.length}</span>}
      </summary>
      <div className="bell-list">
        {list.length === 0 ? (
          <p className="muted">No insight is active, no alarm rings, and Fluoro itself is well.</p>
        ) : (
          <ul>
            {list.map((one) => (
              <li key={one.key}>
                <a className="text-link" href={one.page}>
                  {one.title}
                </a>{' '}
                <span className="muted nowrap">since {instant(one.since)}</span>
                <div className="wraps">{one.summary}</div>
              </li>
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}

/** Tells of what began while this page was open. */
function useBrowserNotices(firing: Firing[] | undefined): void {
  const known = useRef<Set<string>>(undefined);
  useEffect(() => {
    if (firing === undefined) return;
    const isAllowed = typeof Notification !== 'undefined' && Notification.permission === 'granted';
    for (const one of firing) {
      if (known.current === undefined || known.current.has(one.key) || !isAllowed) continue;
      // The same tag replaces an earlier one, so several tabs tell once.
      const notice = new Notification(one.title, { body: one.summary, tag: one.key });
      notice.onclick = () => {
        window.focus();
        window.location.assign(one.page);
      };
    }
    known.current = new Set(firing.map(({ key }) => key));
  }, [firing]);
}
