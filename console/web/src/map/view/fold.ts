// Many leaves of one type under one caller fold into one box, such as "9 DynamoDB".
import { kindName } from '../kind';
import { boxOf, byTrouble, isRed } from './collapse';
import { folded, type Scene, type SceneNode } from './scene';

/** Smaller maps have room for every leaf. */
export const FOLD_ABOVE = 80;
const MOST_LEAVES = 6;

export function foldLeaves(scene: Scene, open: ReadonlySet<string>, outside: ReadonlySet<string>): Scene {
  if (scene.nodes.length <= FOLD_ABOVE) return scene;
  const callers = new Map<string, string[]>();
  const calls = new Set<string>();
  for (const edge of scene.edges) {
    callers.set(edge.target, [...(callers.get(edge.target) ?? []), edge.source]);
    calls.add(edge.source);
  }
  const groups = new Map<string, SceneNode[]>();
  for (const node of scene.nodes) {
    const from = callers.get(node.id) ?? [];
    if (node.box || calls.has(node.id) || from.length !== 1 || outside.has(node.id) || isRed(node)) continue;
    const key = `${from[0]!.split('~')[0]} ${kindName(node.type, node.role)}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const boxes: SceneNode[] = [];
  const opened = [...scene.opened];
  for (const [key, members] of groups) {
    if (members.length <= MOST_LEAVES) continue;
    const id = `leaves:${key}`;
    if (open.has(key)) opened.push({ id, key, shown: members.map((node) => node.id) });
    else {
      const box = boxOf(id, key, members.sort(byTrouble));
      boxes.push({ ...box, name: `${members.length} ${kindName(members[0]!.type, members[0]!.role) || 'nodes'}`, type: members[0]!.type });
    }
  }
  return { ...folded(scene, boxes), opened };
}
