// The pages at the left edge, narrow enough to leave the map its width; `g` and a letter lead there too.
import { useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { go, linkTo } from '../location/address';
import { MorePages } from './MorePages';
import { PAGES, pageOf, type PageEntry } from './pages';
import { PHONE, useMedia } from '../ui/useMedia';
import { isTyping } from '../ui/useShortcuts';

/** After this long a letter has its own meaning again. */
const CHORD_MS = 1200;

/** On a phone the bar has room for so many pages; the others wait behind one more. */
const ON_PHONE = 4;

export function Navigation({ onHelp }: { onHelp: () => void }) {
  const [path] = useLocation();
  useGoKeys();
  const current = pageOf(path);
  const isPhone = useMedia(PHONE);
  const link = (entry: PageEntry) => (
    <Link
      key={entry.path}
      href={linkTo(entry.path)}
      className="navigation-link"
      aria-current={entry === current ? 'page' : undefined}
      title={`${entry.label} (g ${entry.key})`}
    >
      <svg width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true">
        <path d={entry.glyph} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round" strokeLinecap="round" />
      </svg>
      <span>{entry.label}</span>
    </Link>
  );
  if (isPhone) {
    return (
      <nav className="navigation" aria-label="Pages">
        {PAGES.slice(0, ON_PHONE).map(link)}
        <MorePages pages={PAGES.slice(ON_PHONE)} onHelp={onHelp} />
      </nav>
    );
  }
  return (
    <nav className="navigation" aria-label="Pages">
      <div>{PAGES.filter((entry) => entry.part === 'look').map(link)}</div>
      <div className="navigation-set-up">{PAGES.filter((entry) => entry.part === 'set up').map(link)}</div>
    </nav>
  );
}

function useGoKeys(): void {
  useEffect(() => {
    let pressed = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (event.key === 'g') {
        pressed = event.timeStamp;
        return;
      }
      const entry = PAGES.find((one) => one.key === event.key);
      if (entry && event.timeStamp - pressed < CHORD_MS && pressed > 0) {
        // Before the page's own keys: in a chord the letter is not theirs.
        event.preventDefault();
        event.stopImmediatePropagation();
        go(linkTo(entry.path));
      }
      pressed = 0;
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
}
