// The rows of the waterfall: which spans show, how subtrees fold, and how repeats become one row.
import type { Span } from '../api/generated/Span';
import { ancestorsOf, median, type Tree } from './tree';

/** More neighbours of one name than this are shown as one row. */
export const MOST_ALIKE = 8;
/** A failed trace of more spans opens with only the way to its fault unfolded. */
const MOST_OPEN = 100;

export interface SpanRow {
  kind: 'span';
  /** Index into the trace's spans. */
  index: number;
  /** From 1; members of a repeat stand one deeper than their siblings. */
  level: number;
  hasChildren: boolean;
  isFolded: boolean;
}

/** Siblings alike, as one row. */
export interface RepeatRow {
  kind: 'repeat';
  /** The first of them. */
  index: number;
  level: number;
  members: number[];
  isFolded: boolean;
}

export type Row = SpanRow | RepeatRow;

export interface RowsInput {
  spans: readonly Span[];
  tree: Tree;
  /** Ids of spans whose children are hidden. */
  folded: ReadonlySet<string>;
  /** Ids of the first spans of repeats that are shown one by one. */
  unrolled: ReadonlySet<string>;
  /** Where given, spans without a true are left out. */
  kept?: readonly boolean[];
}

/** Siblings are alike by name, operation and kind, and queries by their shape: their values differ from call to call. */
function likeness(span: Span): string {
  const shape = span.statement?.replaceAll(/'[^']*'|\d+/g, '?');
  return `${span.kind}\n${span.name}\n${span.operation ?? ''}\n${shape ?? ''}`;
}

/** Cuts siblings into single spans and runs of more than `MOST_ALIKE` that are alike. */
export function runsOf(spans: readonly Span[], siblings: readonly number[]): number[][] {
  const runs: number[][] = [];
  let run: number[] = [];
  const end = () => {
    if (run.length > MOST_ALIKE) runs.push(run);
    else runs.push(...run.map((index) => [index]));
    run = [];
  };
  for (const index of siblings) {
    if (run.length > 0 && likeness(spans[run[0]!]!) !== likeness(spans[index]!)) end();
    run.push(index);
  }
  end();
  return runs;
}

/** Without recursion: traces are as deep as they like. */
export function rowsOf({ spans, tree, folded, unrolled, kept }: RowsInput): Row[] {
  const rows: Row[] = [];
  const keep = (siblings: readonly number[]) => (kept ? siblings.filter((index) => kept[index]) : siblings);
  const runs = (siblings: readonly number[]) => runsOf(spans, keep(siblings));
  const ahead: { run: number[]; level: number; isMember: boolean }[] = [];
  const push = (list: number[][], level: number, isMember: boolean) => {
    for (let at = list.length - 1; at >= 0; at -= 1) ahead.push({ run: list[at]!, level, isMember });
  };
  push(runs(tree.roots), 1, false);
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const { run, level } = next;
    const index = run[0]!;
    const { id } = spans[index]!;
    if (run.length > 1) {
      const isFolded = !unrolled.has(id);
      rows.push({ kind: 'repeat', index, level, members: run, isFolded });
      if (!isFolded) push(run.map((member) => [member]), level + 1, true);
      continue;
    }
    const children = keep(tree.children[index]!);
    const hasChildren = children.length > 0;
    const isFolded = hasChildren && folded.has(id);
    rows.push({ kind: 'span', index, level, hasChildren, isFolded });
    if (hasChildren && !isFolded) push(runsOf(spans, children), level + 1, false);
  }
  return rows;
}

/** What `errors only` keeps: what did not end well, and all above it. */
export function badOf(spans: readonly Span[]): boolean[] {
  const kept = spans.map((span) => span.outcome !== 'ok');
  for (let index = spans.length - 1; index >= 0; index -= 1) {
    const parent = spans[index]!.parent;
    if (kept[index] && parent != null) kept[parent] = true;
  }
  return kept;
}

/** What is folded when the trace opens: of a large failed trace everything beside the way to the fault. */
export function foldedAtFirst(spans: readonly Span[], tree: Tree, focus: number): ReadonlySet<string> {
  if (focus < 0 || spans.length <= MOST_OPEN) return new Set();
  const open = new Set([focus, ...ancestorsOf(spans, focus)]);
  return new Set(spans.filter((_, index) => tree.children[index]!.length > 0 && !open.has(index)).map((span) => span.id));
}

/** What has to change so that a span shows; nothing where it does. */
export function revealed(
  { spans, tree, folded, unrolled, kept }: RowsInput,
  index: number,
): { folded: ReadonlySet<string>; unrolled: ReadonlySet<string> } | undefined {
  const way = [index, ...ancestorsOf(spans, index)];
  const hiding = way.slice(1).filter((one) => folded.has(spans[one]!.id));
  const rolled = way.flatMap((one) => {
    const parent = spans[one]!.parent;
    const siblings = parent == null ? tree.roots : tree.children[parent]!;
    const run = runsOf(spans, kept ? siblings.filter((sibling) => kept[sibling]) : siblings).find((members) => members.includes(one));
    const first = run && run.length > 1 ? spans[run[0]!]!.id : undefined;
    return first !== undefined && !unrolled.has(first) ? [first] : [];
  });
  if (hiding.length === 0 && rolled.length === 0) return undefined;
  const ids = new Set(hiding.map((one) => spans[one]!.id));
  return { folded: new Set([...folded].filter((id) => !ids.has(id))), unrolled: new Set([...unrolled, ...rolled]) };
}

export interface RepeatSummary {
  count: number;
  p50: number;
  /** Of the members, by outcome. */
  bad: number;
  worst: Span['outcome'];
  start: number;
  end: number;
}

const BADNESS = { ok: 0, error: 1, throttle: 2, fault: 3 };

export function summaryOf(spans: readonly Span[], members: readonly number[], extent: number): RepeatSummary {
  const all = members.map((index) => spans[index]!);
  const worst = all.reduce((worst, span) => (BADNESS[span.outcome] > BADNESS[worst] ? span.outcome : worst), 'ok' as Span['outcome']);
  return {
    count: all.length,
    p50: median(all.flatMap((span) => (span.duration == null ? [] : [span.duration]))),
    bad: all.filter((span) => span.outcome !== 'ok').length,
    worst,
    start: all.reduce((start, span) => Math.min(start, span.start), Infinity),
    end: all.reduce((end, span) => Math.max(end, span.duration == null ? extent : span.start + span.duration), 0),
  };
}
