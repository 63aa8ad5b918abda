// Two traces as one call tree: spans with the same way down to them are one node, with the numbers of both.
import type { Span } from '../api/generated/Span';
import type { Outcome } from '../outcome/outcome';
import { selfTimesOf, treeOf } from './tree';

export interface Side {
  count: number;
  total: number;
  self: number;
  faults: number;
  /** Index of the first such span, to open. */
  first?: number;
}

export interface MergedNode {
  key: string;
  service: string;
  name: string;
  operation?: string;
  depth: number;
  /** Index of the node above. */
  parent?: number;
  sides: [Side, Side];
}

const NOTHING: Side = { count: 0, total: 0, self: 0, faults: 0 };
const isBad = (outcome: Outcome) => outcome !== 'ok';

/** In the order of a walk from above to below. Host names that a request made are left as they are. */
export function merged(a: readonly Span[], b: readonly Span[]): MergedNode[] {
  const nodes: MergedNode[] = [];
  const children: Map<string, number>[] = [];
  const roots = new Map<string, number>();
  for (const side of [0, 1] as const) {
    const spans = side === 0 ? a : b;
    const tree = treeOf(spans);
    const self = selfTimesOf(spans, tree);
    const hidden = new Set(tree.twins.values());
    const nodeOf: number[] = [];
    spans.forEach((span, index) => {
      if (hidden.has(index)) return;
      const parent = span.parent == null || span.parent >= index ? undefined : nodeOf[span.parent]!;
      const siblings = parent === undefined ? roots : children[parent]!;
      const key = [span.kind === 'subsegment' ? 'call' : 'service', span.name, span.operation ?? ''].join('\n');
      let at = siblings.get(key);
      if (at === undefined) {
        at = nodes.length;
        siblings.set(key, at);
        children.push(new Map());
        nodes.push({
          key: `${parent ?? ''}\n${key}`,
          service: span.service,
          name: span.name,
          operation: span.operation ?? undefined,
          depth: parent === undefined ? 0 : nodes[parent]!.depth + 1,
          parent,
          sides: [{ ...NOTHING }, { ...NOTHING }],
        });
      }
      nodeOf[index] = at;
      const sum = nodes[at]!.sides[side];
      sum.count += 1;
      sum.total += span.duration ?? 0;
      sum.self += self[index]!;
      sum.faults += Number(isBad(span.outcome));
      sum.first ??= index;
    });
  }
  return walked(nodes, children, [...roots.values()]);
}

/** Each node directly before those below it; `parent` is an index into the answer. */
function walked(nodes: MergedNode[], children: Map<string, number>[], roots: number[]): MergedNode[] {
  const order: MergedNode[] = [];
  const placeOf = new Map<number, number>();
  const ahead = [...roots].reverse();
  for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
    const node = nodes[at]!;
    placeOf.set(at, order.length);
    order.push({ ...node, parent: node.parent === undefined ? undefined : placeOf.get(node.parent) });
    ahead.push(...[...children[at]!.values()].reverse());
  }
  return order;
}

/** Less than this part of the longer trace's time is not worth a colour: no two requests take the same. */
const MATTERS = 0.1;

/** Whether the two sides differ by what one should look at: only one has it, it failed in one more often, or much of the time went there. */
export function differs(node: MergedNode, length: number): boolean {
  const [a, b] = node.sides;
  return isOneSided(node) || a.faults !== b.faults || Math.abs(a.self - b.self) > MATTERS * length;
}

/** Only one of the traces went this way. */
export function isOneSided({ sides: [a, b] }: MergedNode): boolean {
  return (a.count === 0) !== (b.count === 0);
}

/** What only one trace has, by the place where it begins: what lies below is said with it. */
export function beginningsOf(nodes: readonly MergedNode[]): MergedNode[] {
  return nodes.filter((node) => isOneSided(node) && (node.parent === undefined || !isOneSided(nodes[node.parent]!)));
}
