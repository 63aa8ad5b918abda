// The pages of the console, as the navigation, the search box and the keys know them.
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import { NowPage } from '../now/NowPage';

export interface PageEntry {
  path: string;
  label: string;
  /** Pressed after `g`. */
  key: string;
  /** A line drawing, 20 by 20 around the origin. */
  glyph: string;
  /** What services do, or how that is watched and set up. */
  part: 'look' | 'set up';
  /** What of the toolbar narrows it. */
  takes: { range?: boolean; group?: boolean };
  page: ComponentType | LazyExoticComponent<ComponentType>;
}

export const PAGES: PageEntry[] = [
  {
    path: '/', takes: { range: true, group: true }, label: 'Now', key: 'm', part: 'look', page: NowPage,
    glyph: 'M-8 0A2.6 2.6 0 1 1-2.8 0 2.6 2.6 0 1 1-8 0M2.8-5A2.6 2.6 0 1 1 8-5 2.6 2.6 0 1 1 2.8-5M2.8 5A2.6 2.6 0 1 1 8 5 2.6 2.6 0 1 1 2.8 5M-3.1-1.1 3.1-3.9M-3.1 1.1 3.1 3.9',
  },
  {
    path: '/traces', takes: { range: true, group: true }, label: 'Traces', key: 't', part: 'look', page: lazy(() => import('../traces/TracesPage')),
    glyph: 'M-8-6H3M-4-2H7M-4 2H1M0 6H8',
  },
  {
    path: '/services', takes: { range: true, group: true }, label: 'Services', key: 'v', part: 'look', page: lazy(() => import('../service/ServicesPage')),
    glyph: 'M-8-7H8V-2H-8ZM-8 2H8V7H-8ZM-5-4.5H-3M-5 4.5H-3',
  },
  {
    path: '/exceptions', takes: { range: true, group: true }, label: 'Exceptions', key: 'e', part: 'look', page: lazy(() => import('../exceptions/ExceptionsPage')),
    glyph: 'M0-7 8 7H-8ZM0-2V2M0 4.3V4.7',
  },
  {
    path: '/analytics', takes: { range: true, group: true }, label: 'Analytics', key: 'a', part: 'look', page: lazy(() => import('../analytics/AnalyticsPage')),
    glyph: 'M-8 7H8M-6 7V1M-2 7V-6M2 7V-2M6 7V-7',
  },
  {
    path: '/critical-path', takes: { range: true, group: true }, label: 'Critical path', key: 'c', part: 'look', page: lazy(() => import('../path/CriticalPathPage')),
    glyph: 'M-8-5H-2V0H3V5H8M-8 5H-5M3-5H8',
  },
  {
    path: '/insights', takes: { range: true, group: true }, label: 'Insights', key: 'i', part: 'look', page: lazy(() => import('../insights/InsightsPage')),
    glyph: 'M-8 3-4 3-1-6 3 6 5 0H8',
  },
  {
    path: '/alarms', takes: {}, label: 'Alarms', key: 'l', part: 'set up', page: lazy(() => import('../alarms/AlarmsPage')),
    glyph: 'M-6 4C-4 2-5-6 0-6 5-6 4 2 6 4ZM-2 7H2',
  },
  {
    path: '/groups', takes: { range: true }, label: 'Groups', key: 'r', part: 'set up', page: lazy(() => import('../groups/GroupsPage')),
    glyph: 'M-7-7H-1V-1H-7ZM1-7H7V-1H1ZM-7 1H-1V7H-7ZM1 1H7V7H1Z',
  },
  {
    path: '/sampling', takes: {}, label: 'Sampling', key: 's', part: 'set up', page: lazy(() => import('../sampling/SamplingPage')),
    glyph: 'M-7-6H7L2 0V6L-2 4V0Z',
  },
  {
    path: '/doctor', takes: {}, label: 'Doctor', key: 'd', part: 'set up', page: lazy(() => import('../first/DoctorPage')),
    glyph: 'M-5-7V-3A4 4 0 0 0 3-3V-7M-5-7H-3.5M3-7H1.5M-1 1V3A4 4 0 0 0 7 3V1.5M5.2-.4A1.8 1.8 0 1 1 8.8-.4 1.8 1.8 0 1 1 5.2-.4',
  },
  {
    path: '/settings', takes: {}, label: 'Settings', key: ',', part: 'set up', page: lazy(() => import('../settings/SettingsPage')),
    glyph: 'M-8-5H1M5-5H8M-8 5H-5M-1 5H8M1-5A2 2 0 1 1 5-5 2 2 0 1 1 1-5M-5 5A2 2 0 1 1-1 5 2 2 0 1 1-5 5',
  },
];

/** The entry to which a path belongs: a trace belongs to the traces, an issue to what is broken now. */
export function pageOf(path: string): PageEntry | undefined {
  return PAGES.find((entry) => entry.path !== '/' && (path === entry.path || path.startsWith(`${entry.path}/`))) ?? (path === '/file' ? PAGES.find((entry) => entry.path === '/traces') : path === '/' || path === '/map' || path.startsWith('/issues/') ? PAGES[0] : undefined);
}
