// The browser tab says where one is and whether something is wrong: a count in the title and a red sign.
import { useEffect } from 'react';
import { useGraph } from '../api/queries';
import { useRange } from '../location/address';
import { activeIssues } from '../issue/issue';

function show(title: string, issues: number): void {
  document.title = issues > 0 ? `(${issues}) ${title}` : title;
  document.querySelector('#favicon')?.setAttribute('href', issues > 0 ? '/favicon-fault.svg' : '/favicon-ok.svg');
}

export function useTabStatus(issues: number): void {
  useEffect(() => show(issues > 0 ? `Fluoro: ${issues === 1 ? 'issue' : 'issues'}` : 'Fluoro: all clear', issues), [issues]);
}

/** Of a page that is not about what fails now. */
export function useTitle(title: string): void {
  const graph = useGraph(useRange()).data;
  const issues = graph ? activeIssues(graph).length : 0;
  useEffect(() => show(`${title} · Fluoro`, issues), [title, issues]);
}
