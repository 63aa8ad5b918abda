// The browser tab says whether something is wrong: a count in the title and a red sign.
import { useEffect } from 'react';

export function useTabStatus(issues: number): void {
  useEffect(() => {
    document.title = issues > 0 ? `(${issues}) Fluoro: ${issues === 1 ? 'issue' : 'issues'}` : 'Fluoro: all clear';
    document.querySelector('#favicon')?.setAttribute('href', issues > 0 ? '/favicon-fault.svg' : '/favicon-ok.svg');
  }, [issues]);
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Fluoro`;
  }, [title]);
}
