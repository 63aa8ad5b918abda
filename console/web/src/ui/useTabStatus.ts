// The browser tab says where one is and whether something is broken: a count in the title and a red sign.
import { useEffect } from 'react';
import { useFiring } from '../api/firing';
import { useNow } from '../api/queries';
import { outages } from '../issue/issue';
import { useRange } from '../location/address';

function show(title: string, broken: number): void {
  document.title = broken > 0 ? `(${broken}) ${title}` : title;
  document.querySelector('#favicon')?.setAttribute('href', broken > 0 ? '/favicon-fault.svg' : '/favicon-ok.svg');
}

/** Of the page that tells what is broken. */
export function useTabStatus(broken: number): void {
  useEffect(() => show(broken > 0 ? `Fluoro: ${broken === 1 ? 'outage' : 'outages'}` : 'Fluoro: all clear', broken), [broken]);
}

/** Of a page that is about something else. */
export function useTitle(title: string): void {
  const firing = useFiring().data ?? [];
  const broken = Math.max(outages(useNow(useRange()).data), firing.length);
  useEffect(() => show(`${title} · Fluoro`, broken), [title, broken]);
}
