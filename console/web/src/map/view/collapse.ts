// Large maps open collapsed: nodes of one namespace, name prefix, type or account become a box, and red ones stay out.
import { badShare } from '../../outcome/outcome';
import { kindName } from '../kind';
import { folded, sumOf, type Scene, type SceneNode } from './scene';

/** Above this a picture of all nodes has no room for their names. */
export const MOST_DRAWN = 100;
/** Members of an opened box that are drawn; the worst and the busiest. */
export const MOST_OPENED = 48;
/** Services with at least this share of faults are told by name; so many of them at most. */
const RED_SHARE = 0.05;
const MOST_RED = 30;
/** With fewer boxes by the first part of names, the second part tells more. */
const FEWEST_BOXES = 4;

export const DIMENSIONS = { none: 'Nothing', prefix: 'Namespace or name', type: 'Type', account: 'Account' } as const;
export type Dimension = keyof typeof DIMENSIONS;

export interface CollapseInput {
  by: Dimension;
  open: ReadonlySet<string>;
  /** Never in a box: what is selected, and origins of issues. */
  outside: ReadonlySet<string>;
}

export function isRed(node: SceneNode): boolean {
  return node.stats.total > 0 && node.stats.fault / node.stats.total >= RED_SHARE;
}

export function byTrouble(a: SceneNode, b: SceneNode): number {
  return badShare(b.stats) - badShare(a.stats) || b.stats.total - a.stats.total || a.name.localeCompare(b.name);
}

export function collapse(scene: Scene, { by, open, outside }: CollapseInput): Scene {
  if (by === 'none') return scene;
  const red = new Set(scene.nodes.filter((node) => node.role !== 'client' && isRed(node)).sort(byTrouble).slice(0, MOST_RED).map((node) => node.id));
  const keyOf = keysFor(scene.nodes, by);
  const groups = new Map<string, SceneNode[]>();
  for (const node of scene.nodes) {
    if (node.box || outside.has(node.id) || (red.has(node.id) && node.role !== 'client')) continue;
    const key = node.role === 'client' ? 'clients' : keyOf(node);
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const others: SceneNode[] = [];
  if ([...groups.values()].filter((members) => members.length === 1).length > MOST_DRAWN / 4) {
    // Names without a common part: one box for all of them.
    for (const [key, members] of groups) {
      if (members.length > 1) continue;
      others.push(...members);
      groups.delete(key);
    }
    if (others.length > 0) groups.set('others', others);
  }
  const boxes: SceneNode[] = [];
  const opened: Scene['opened'] = [...scene.opened];
  for (const [key, members] of groups) {
    if (members.length < 2) continue;
    members.sort(byTrouble);
    const id = `box:${key}`;
    if (!open.has(key)) {
      boxes.push(boxOf(id, key, members));
      continue;
    }
    const rest = members.slice(MOST_OPENED);
    const shown = members.slice(0, rest.length > 1 ? MOST_OPENED : undefined).map((node) => node.id);
    if (rest.length > 1) {
      boxes.push({ ...boxOf(`${id}:more`, key, rest, false), name: `${rest.length} more` });
      shown.push(`${id}:more`);
    }
    opened.push({ id, key, shown });
  }
  return strongest({ ...folded(scene, boxes), opened });
}

export function boxOf(id: string, key: string, members: SceneNode[], canOpen = true): SceneNode {
  const worst = members.find((node) => badShare(node.stats) > 0.01);
  const isClients = members.every((node) => node.role === 'client');
  return {
    id,
    name: key,
    role: isClients ? 'client' : 'service',
    isRoot: false,
    stats: sumOf(members.map((node) => node.stats)),
    lastSeen: Math.max(...members.map((node) => node.lastSeen)),
    box: { key, members: members.map((node) => node.id), worst: worst?.name, canOpen },
  };
}

function keysFor(nodes: SceneNode[], by: Dimension): (node: SceneNode) => string {
  if (by === 'type') return (node) => kindName(node.type, node.role) || 'Unknown type';
  if (by === 'account') return (node) => node.account ?? 'no account';
  const parts = (amount: number) => (node: SceneNode) => prefixOf(node.name, amount);
  const services = nodes.filter((node) => node.role !== 'client');
  const isTooFew = services.length > MOST_DRAWN / 4 && new Set(services.map(parts(1))).size < FEWEST_BOXES;
  return isTooFew ? parts(2) : parts(1);
}

/** The namespace of a cluster's host name, else the first parts of the name. */
export function prefixOf(name: string, amount: number): string {
  const host = /^[a-z0-9-]+\.([a-z0-9-]+)(?:\.svc(?:\..*)?)?$/.exec(name);
  if (host) return host[1]!;
  const words = name.replace(/^[a-z]+:\/\//, '').split(/[-_./:@]+/).filter(Boolean);
  return words.slice(0, amount).join('-').replace(/\d+$/, '') || name;
}

/** Of the edges between boxes, twice as many as there are nodes; all others of single nodes with trouble stay. */
function strongest(scene: Scene): Scene {
  const most = scene.nodes.length * 2;
  if (scene.edges.length <= most) return scene;
  const ranked = [...scene.edges].sort((a, b) => b.stats.fault - a.stats.fault || b.stats.total - a.stats.total);
  return { ...scene, edges: ranked.slice(0, most) };
}
