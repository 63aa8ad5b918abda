// The one bar on top: where we are, the search box, the time range, live, theme and help.
import { useState } from 'react';
import { Link } from 'wouter';
import { linkTo } from '../location/address';
import { prefer } from '../location/preference';
import { CommandBox } from './CommandBox';
import { HelpPanel } from './HelpPanel';
import { LiveBadge } from './LiveBadge';
import { Logo } from './Logo';
import { RangePicker } from './RangePicker';
import { useTheme } from './useTheme';
import { useShortcuts } from './useShortcuts';

export function Toolbar() {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const theme = useTheme();
  const flip = () => prefer({ theme: theme === 'dark' ? 'light' : 'dark' });
  useShortcuts({ '?': () => setHelpOpen(true), d: flip });
  return (
    <header className="toolbar">
      <Link href={linkTo('/')} className="toolbar-brand" aria-label="Fluoro, service map">
        <Logo />
        <span>Fluoro</span>
      </Link>
      <CommandBox />
      <div className="toolbar-end">
        <RangePicker />
        <LiveBadge />
        <button type="button" className="tool" title="Light or dark (d)" aria-label={theme === 'dark' ? 'Use light colours' : 'Use dark colours'} onClick={flip}>
          <svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true">
            {theme === 'dark' ? (
              <path
                d="M-3.2 0A3.2 3.2 0 1 1 3.2 0 3.2 3.2 0 1 1-3.2 0M0-7.5V-6M0 6V7.5M-7.5 0H-6M6 0H7.5M-5.3-5.3-4.2-4.2M4.2 4.2 5.3 5.3M-5.3 5.3-4.2 4.2M4.2-4.2 5.3-5.3"
                fill="none"
                stroke="currentColor"
                strokeWidth="1.5"
                strokeLinecap="round"
              />
            ) : (
              <path d="M5.8 2.6A6.4 6.4 0 1 1-2.6-5.8 5.2 5.2 0 0 0 5.8 2.6Z" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" />
            )}
          </svg>
        </button>
        <button type="button" className="tool" title="Help (?)" aria-label="Help" onClick={() => setHelpOpen(true)}>
          <span aria-hidden="true">?</span>
        </button>
      </div>
      <HelpPanel isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </header>
  );
}
