// What can be done everywhere: by a key, and by its name after `>` in the search box.
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { serverNow, toggleLive } from '../api/live';
import { post } from '../api/client';
import { chooseFile } from '../file/DropFile';
import { changed, go, linkTo, useAddress, useRange } from '../location/address';
import { prefer } from '../location/preference';
import { absolute, boundsOf, DEFAULT_RANGE, scaled, shifted, type Range } from '../location/range';
import { copyText } from '../ui/Copy';
import { notify } from '../ui/Notice';
import { useTheme } from '../ui/useTheme';

export interface Action {
  key?: string;
  label: string;
  run: () => void;
}

/** The address with the instants that are shown, so that who opens it later sees the same. */
export function lastingLink(range: Range): string {
  const { from, to } = boundsOf(range, serverNow());
  const url = new URL(window.location.href);
  url.search = changed(url.search, { range: absolute(from, Math.round(to)).text });
  return url.href;
}

/** `onHelp` opens the help. */
export function useActions(onHelp: () => void, takesRange: boolean): Action[] {
  const queries = useQueryClient();
  const range = useRange();
  const { change } = useAddress();
  const theme = useTheme();
  return useMemo(() => {
    const show = ({ text }: Range) => change({ range: text === DEFAULT_RANGE ? undefined : text }, false);
    const ranged: Action[] = [
      { key: 't', label: 'Choose the time range', run: () => document.querySelector<HTMLElement>('.range-picker button')?.click() },
      { key: '[', label: 'Earlier', run: () => show(shifted(range, serverNow(), -1)) },
      { key: ']', label: 'Later', run: () => show(shifted(range, serverNow(), 1)) },
      { key: '-', label: 'Wider range', run: () => show(scaled(range, 2)) },
      { key: '=', label: 'Narrower range', run: () => show(scaled(range, 0.5)) },
    ];
    return [
      { key: 'r', label: 'Refresh', run: () => void queries.invalidateQueries() },
      { key: 'l', label: 'Pause or go on with live updates', run: toggleLive },
      ...(takesRange ? ranged : []),
      {
        key: 'y',
        label: 'Copy a link to what is shown',
        run: () => void copyText(takesRange ? lastingLink(range) : window.location.href).then(() => notify('Link copied')),
      },
      { key: 'd', label: 'Light or dark', run: () => prefer({ theme: theme === 'dark' ? 'light' : 'dark' }) },
      { key: '?', label: 'Help', run: onHelp },
      { label: 'Create a sampling rule', run: () => go(linkTo('/sampling', { dialog: 'new' })) },
      { label: 'Try a request against the sampling rules', run: () => go(linkTo('/sampling')) },
      { label: 'Create a group', run: () => go(linkTo('/groups', { dialog: 'new' })) },
      { label: 'Find out what became of a trace', run: () => go(linkTo('/doctor')) },
      { label: 'Look at traces of a file', run: chooseFile },
      { label: 'Call the API', run: () => go(linkTo('/settings', { tab: 'api' })) },
      { label: 'Send a test trace', run: () => void post('/api/test-trace').then(() => notify('A test trace was sent'), (error: Error) => notify(error.message)) },
    ];
  }, [queries, range, change, theme, takesRange, onHelp]);
}
