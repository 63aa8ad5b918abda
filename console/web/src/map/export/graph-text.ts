// The map as text for other programs: JSON as the API gives it, and DOT for Graphviz.
import type { Graph } from '../../api/generated/Graph';
import { worstOf } from '../../outcome/outcome';
import { duration, rate, shareOf } from '../../quantity';
import { kindName } from '../kind';

export function asJson(graph: Graph): string {
  const { from, to, nodes, edges } = graph;
  return `${JSON.stringify({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), nodes, edges }, undefined, 2)}\n`;
}

const COLOUR = { ok: '#037f0c', error: '#d5a100', throttle: '#7d3ac1', fault: '#d91515' };

/** A string of DOT: quotes and backslashes are escaped, and a line break is one. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

export function asDot(graph: Graph, windowMs: number): string {
  const lines = ['digraph services {', '  rankdir=LR;', '  node [shape=circle, fontname="sans-serif"];'];
  for (const { id, name, type, role, stats } of graph.nodes) {
    const label = role === 'client' ? 'Clients' : [name, kindName(type, role), duration(stats.p50), rate(stats.total, windowMs)].filter(Boolean).join('\n');
    const style = role === 'aws' || role === 'remote' ? ', style=dashed' : '';
    lines.push(`  ${quoted(id)} [label=${quoted(label)}, color="${COLOUR[worstOf(stats)]}"${style}];`);
  }
  for (const { source, target, isLink, stats } of graph.edges) {
    const label = [duration(stats.p50), rate(stats.total, windowMs), stats.fault > 0 ? `${shareOf(stats.fault, stats.total)} faults` : ''].filter(Boolean).join('\n');
    lines.push(`  ${quoted(source)} -> ${quoted(target)} [label=${quoted(label)}${isLink ? ', style=dashed' : ''}];`);
  }
  return `${[...lines, '}'].join('\n')}\n`;
}
