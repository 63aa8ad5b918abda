// Spans summed by service and name: where a trace spends its time when no single span stands out.
import type { Span } from '../api/generated/Span';
import { median, selfTimesOf, type Tree } from './tree';

export interface Aggregate {
  key: string;
  service: string;
  name: string;
  operation?: string;
  count: number;
  total: number;
  self: number;
  p50: number;
  /** With the outcome fault; all that did not end well. */
  faults: number;
  bad: number;
  /** The longest of them, to open. */
  longest: number;
}

export type SortKey = 'name' | 'count' | 'total' | 'self' | 'p50' | 'faults';

export function aggregatesOf(spans: readonly Span[], tree: Tree): Aggregate[] {
  const self = selfTimesOf(spans, tree);
  const groups = new Map<string, number[]>();
  const hidden = new Set(tree.twins.values());
  spans.forEach((span, index) => {
    if (hidden.has(index)) return;
    const key = `${span.service}\n${span.name}\n${span.operation ?? ''}`;
    const list = groups.get(key);
    if (list) list.push(index);
    else groups.set(key, [index]);
  });
  return [...groups].map(([key, members]) => {
    const { service, name, operation } = spans[members[0]!]!;
    const lengths = members.map((index) => spans[index]!.duration ?? 0);
    return {
      key,
      service,
      name,
      operation: operation ?? undefined,
      count: members.length,
      total: lengths.reduce((sum, length) => sum + length, 0),
      self: members.reduce((sum, index) => sum + self[index]!, 0),
      p50: median(lengths),
      faults: members.filter((index) => spans[index]!.outcome === 'fault').length,
      bad: members.filter((index) => spans[index]!.outcome !== 'ok').length,
      longest: members.reduce((best, index) => ((spans[index]!.duration ?? 0) > (spans[best]!.duration ?? 0) ? index : best)),
    };
  });
}

export function sorted(list: readonly Aggregate[], key: SortKey, isDescending: boolean): Aggregate[] {
  const by = (a: Aggregate, b: Aggregate) =>
    key === 'name' ? a.service.localeCompare(b.service) || a.name.localeCompare(b.name) : a[key] - b[key];
  const ordered = [...list].sort(by);
  return isDescending ? ordered.reverse() : ordered;
}
