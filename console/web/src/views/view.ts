// What of an address is a view, and back.
import type { View } from '../api/generated/View';

const MAX_NAME = 100;
/** What is looked at for a moment, and is none of the question. */
const PASSING = ['show', 'dialog', 'name', 'sel', 'tab', 'scan'];

/** In one order, so that the same view is known again. */
export function keptOf(params: URLSearchParams): string {
  const kept = new URLSearchParams([...params].filter(([name, value]) => !PASSING.includes(name) && value !== ''));
  kept.sort();
  return kept.toString();
}

/** The server lets no other pages in. */
export function linkOf({ page, query }: Pick<View, 'page' | 'query'>): string {
  return query === '' ? page : `${page}?${query}`;
}

export function nameProblem(name: string): string | undefined {
  const text = name.trim();
  if (text === '') return 'Give it a name, by which you find it again';
  return text.length > MAX_NAME ? `${MAX_NAME} characters at most` : undefined;
}
