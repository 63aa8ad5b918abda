// Single conditions on a node of the map: shares, times, rates and texts.
import type { Node } from '../../api/generated/Node';

export type NodeTest = (node: Node, windowMs?: number) => boolean;

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** `fault > 5%` is a share of the node's requests, `fault > 5` a number of them, `fault = true` any. */
export function shareTerm(outcome: string, comparator: string, value: string): NodeTest | undefined {
  const compare = COMPARE[comparator];
  const of = (node: Node) => node.stats[outcome as 'fault'];
  if (/^(true|false)$/i.test(value)) {
    if (comparator !== '=' && comparator !== '!=') return undefined;
    const wanted = (value.toLowerCase() === 'true') === (comparator === '=');
    return (node) => of(node) > 0 === wanted;
  }
  const percent = /^([\d.]+)%$/.exec(value);
  const number = Number(percent?.[1] ?? value);
  if (!compare || Number.isNaN(number)) return undefined;
  return percent
    ? (node) => compare(node.stats.total === 0 ? 0 : (of(node) / node.stats.total) * 100, number)
    : (node) => compare(of(node), number);
}

/** Seconds, as in filter expressions, or with a unit: `250ms`, `2s`. A rate is requests a minute. */
export function timeTerm(keyword: string, comparator: string, value: string): NodeTest | undefined {
  const compare = COMPARE[comparator];
  const match = /^([\d.]+)(ms|s)?$/i.exec(value);
  if (!compare || match === null) return undefined;
  const number = Number(match[1]);
  if (Number.isNaN(number)) return undefined;
  if (keyword === 'rate') return (node, windowMs = 60_000) => compare(node.stats.total / (windowMs / 60_000), number);
  const ms = match[2]?.toLowerCase() === 'ms' ? number : number * 1000;
  const field = ({ avg: 'average', p50: 'p50', p90: 'p90', p99: 'p99' } as const)[keyword.split('.')[1] ?? 'p50'] ?? 'p50';
  return (node) => node.stats[field] != null && compare(node.stats[field], ms);
}

export function textTerm(keyword: string, comparator: string, value: string): NodeTest | undefined {
  const of = (node: Node) => ({ name: node.name, type: node.type ?? '', 'account.id': node.account ?? '' })[keyword] ?? '';
  const lower = value.toLowerCase();
  switch (comparator) {
    case '=':
      return (node) => of(node) === value;
    case '!=':
      return (node) => of(node) !== value;
    case 'CONTAINS':
      return (node) => of(node).toLowerCase().includes(lower);
    case 'BEGINSWITH':
      return (node) => of(node).startsWith(value);
    case 'ENDSWITH':
      return (node) => of(node).endsWith(value);
    default:
      return undefined;
  }
}
