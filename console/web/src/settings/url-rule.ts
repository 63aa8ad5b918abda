// Rules for URLs while somebody edits them.
import type { UrlTemplateRule } from '../api/generated/UrlTemplateRule';
import { areAlike, keyed, placeAmong, withAnother, type Keyed } from './rows';

export const FIELDS = ['service', 'path'] as const;
export type Field = (typeof FIELDS)[number];
export type Row = Keyed<UrlTemplateRule>;

export const rowsOf = keyed<UrlTemplateRule>;

export function rulesOf(rows: Row[]): UrlTemplateRule[] {
  return rows.map(({ service, path }) => ({ service: service.trim(), path: path.trim() }));
}

export function isSame(rows: Row[], rules: UrlTemplateRule[]): boolean {
  return areAlike(FIELDS, rulesOf(rows), rules);
}

export function withNew(rows: Row[]): Row[] {
  return withAnother(rows, { service: '*', path: '' });
}

/** One place up or down; at the end of the list it stays. */
export function moved(rows: Row[], key: number, by: -1 | 1): Row[] {
  const from = rows.findIndex((row) => row.key === key);
  const to = from + by;
  if (from < 0 || to < 0 || to >= rows.length) return rows;
  const order = rows.toSpliced(from, 1);
  order.splice(to, 0, rows[from]!);
  return order;
}

export function placeOf(complaint: string) {
  return placeAmong(FIELDS, complaint);
}
