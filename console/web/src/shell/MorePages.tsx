// On a phone: the pages that the bar has no room for, and what the bar on top left out.
import { useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { linkTo } from '../location/address';
import { prefer } from '../location/preference';
import { useTheme } from '../ui/useTheme';
import { GroupSelect } from './GroupSelect';
import { pageOf, type PageEntry } from './pages';

const DOTS = 'M-6 0h.1M0 0h.1M6 0h.1';

export function MorePages({ pages, onHelp }: { pages: PageEntry[]; onHelp: () => void }) {
  const [path] = useLocation();
  const theme = useTheme();
  const box = useRef<HTMLDetailsElement>(null);
  const close = () => box.current?.removeAttribute('open');
  useEffect(close, [path]);
  const current = pageOf(path);
  const isHere = current !== undefined && pages.includes(current);
  return (
    <details ref={box} className="navigation-more" onKeyDown={(event) => event.key === 'Escape' && close()} onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || close()}>
      <summary className="navigation-link" aria-current={isHere ? 'page' : undefined}>
        <svg width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true">
          <path d={isHere ? current.glyph : DOTS} fill="none" stroke="currentColor" strokeWidth={isHere ? 1.6 : 3} strokeLinejoin="round" strokeLinecap="round" />
        </svg>
        <span>{isHere ? current.label : 'More'}</span>
      </summary>
      <div className="navigation-sheet">
        {current?.takes.group && <GroupSelect />}
        <ul>
          {pages.map((entry) => (
            <li key={entry.path}>
              <Link href={linkTo(entry.path)} aria-current={entry === current ? 'page' : undefined} onClick={close}>
                <svg width="20" height="20" viewBox="-10 -10 20 20" aria-hidden="true">
                  <path d={entry.glyph} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round" strokeLinecap="round" />
                </svg>
                {entry.label}
              </Link>
            </li>
          ))}
        </ul>
        <p>
          <button type="button" className="live" onClick={() => prefer({ theme: theme === 'dark' ? 'light' : 'dark' })}>
            {theme === 'dark' ? 'Light colours' : 'Dark colours'}
          </button>
          <button
            type="button"
            className="live"
            onClick={() => {
              close();
              onHelp();
            }}
          >
            Help
          </button>
        </p>
      </div>
    </details>
  );
}
