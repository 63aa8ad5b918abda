// The one bar on top: where we are, the search box, group and time range, live, theme and help.
import { Link, useLocation } from 'wouter';
import { standsAt } from '../api/live';
import { linkTo } from '../location/address';
import { Bell } from './Bell';
import { CommandBox } from './CommandBox';
import { GroupSelect } from './GroupSelect';
import { LiveBadge } from './LiveBadge';
import { Logo } from './Logo';
import { pageOf } from './pages';
import { RangePicker } from './RangePicker';
import { useActions } from './useActions';
import { useShortcuts, type Shortcuts } from '../ui/useShortcuts';
import { useTheme } from '../ui/useTheme';

const SUN =
  'M-3.2 0A3.2 3.2 0 1 1 3.2 0 3.2 3.2 0 1 1-3.2 0M0-7.5V-6M0 6V7.5M-7.5 0H-6M6 0H7.5M-5.3-5.3-4.2-4.2M4.2 4.2 5.3 5.3M-5.3 5.3-4.2 4.2M4.2-4.2 5.3-5.3';
const MOON = 'M5.8 2.6A6.4 6.4 0 1 1-2.6-5.8 5.2 5.2 0 0 0 5.8 2.6Z';

export function Toolbar({ onHelp }: { onHelp: () => void }) {
  const [path] = useLocation();
  const theme = useTheme();
  const page = pageOf(path);
  // A trace has a time of its own.
  const takes = path.startsWith('/traces/') ? {} : (page?.takes ?? {});
  const actions = useActions(onHelp, takes.range === true);
  const shortcuts: Shortcuts = {};
  for (const { key, run } of actions) if (key) shortcuts[key] = run;
  useShortcuts(shortcuts);
  return (
    <header className="toolbar">
      <Link href={linkTo('/')} className="toolbar-brand" aria-label="Fluoro, service map">
        <Logo />
        <span>Fluoro</span>
      </Link>
      <CommandBox actions={actions} />
      <div className="toolbar-end">
        {takes.group && <GroupSelect />}
        {takes.range && <RangePicker />}
        <Bell />
        {standsAt === undefined && <LiveBadge />}
        <button type="button" className="tool is-elsewhere" title="Light or dark (d)" aria-label={theme === 'dark' ? 'Use light colours' : 'Use dark colours'} onClick={shortcuts.d}>
          <svg width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true">
            <path d={theme === 'dark' ? SUN : MOON} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
          </svg>
        </button>
        <button type="button" className="tool is-elsewhere" title="Help (?)" aria-label="Help" onClick={onHelp}>
          <span aria-hidden="true">?</span>
        </button>
      </div>
    </header>
  );
}
