// The query part of the address bar says what is shown; this reads and changes it by name.
import { useCallback, useMemo } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { useSearch } from 'wouter';
import { parseRange, type Range } from './range';

export type Change = Record<string, string | null | undefined>;

/** The same query with some names changed; an empty value takes the name away. */
export function changed(search: string, change: Change): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(change)) {
    if (value == null || value === '') params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

export function useAddress() {
  const search = useSearch();
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback((names: Change, replace = true) => {
    const { pathname, search: current } = window.location;
    navigate(`${pathname}${changed(current, names)}`, { replace });
  }, []);
  return { params, change };
}

export function useRange(): Range {
  const { params } = useAddress();
  const text = params.get('range');
  return useMemo(() => parseRange(text), [text]);
}

/** The group that pages are narrowed to; none stands for the default one, which takes every trace. */
export function useGroup(): string | undefined {
  const { params } = useAddress();
  return params.get('group') ?? undefined;
}

/** A link to another page that keeps the range and the group. */
export function linkTo(path: string, change: Change = {}): string {
  const params = new URLSearchParams(window.location.search);
  return `${path}${changed('', { range: params.get('range'), group: params.get('group'), ...change })}`;
}

export function traceLink(id: string, change: Change = {}): string {
  return linkTo(`/traces/${encodeURIComponent(id)}`, change);
}

/** A part of a path, which the router leaves as it is written; one that cannot be decoded was never encoded. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `replaces` where the page that one leaves was only a step. */
export function go(path: string, replaces = false): void {
  navigate(path, { replace: replaces });
}
