// What the map can be saved or copied as: pictures, data, and the same question for a terminal.
import { useState } from 'react';
import type { Graph } from '../../api/generated/Graph';
import { address, curlFor } from '../../api/client';
import { copyText } from '../../ui/Copy';
import { Menu } from '../Menu';
import { asDot, asJson } from './graph-text';
import { drawPng, drawSvg, save } from './picture';

interface ExportProps {
  graph: Graph;
  windowMs: number;
  group?: string;
}

export function ExportMenu({ graph, windowMs, group }: ExportProps) {
  const [said, setSaid] = useState('');
  const name = `fluoro-map-${new Date(Math.min(graph.to, graph.now)).toISOString().slice(0, 19).replaceAll(':', '')}`;
  const map = () => document.querySelector<HTMLElement>('.service-map')!;
  const copy = (text: string, what: string) => void copyText(text).then(() => setSaid(`Copied ${what}`));
  const saved = (act: () => unknown, what: string) =>
    void Promise.resolve().then(act).then(() => setSaid(`Saved ${what}`), (problem: unknown) => setSaid(String(problem)));
  return (
    <>
      <Menu
        label="Save or copy the map"
        icon={
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M8 2v8M4.5 7 8 10.5 11.5 7M2.5 11v2.5h11V11" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" />
          </svg>
        }
        items={[
          { label: 'Save as SVG', act: () => saved(() => save(drawSvg(map()).text, `${name}.svg`, 'image/svg+xml'), 'SVG') },
          { label: 'Save as PNG', act: () => saved(async () => save(await drawPng(map()), `${name}.png`, 'image/png'), 'PNG') },
          { label: 'Save as JSON', act: () => saved(() => save(asJson(graph), `${name}.json`, 'application/json'), 'JSON') },
          { label: 'Save as DOT', act: () => saved(() => save(asDot(graph, windowMs), `${name}.dot`, 'text/vnd.graphviz'), 'DOT') },
          { label: 'Copy as curl', act: () => copy(curlFor(address('/api/graph', { from: graph.from, to: graph.to, group })), 'the curl command') },
          { label: 'Copy as AWS CLI', act: () => copy(awsCli(graph, group), 'the AWS CLI command') },
        ]}
      />
      <span className="visually-hidden" role="status">
        {said}
      </span>
    </>
  );
}

export function awsCli({ from, to }: Pick<Graph, 'from' | 'to'>, group?: string): string {
  const second = (ms: number) => (ms / 1000).toFixed(0);
  const of = group ? ` --group-name '${group.replaceAll("'", "'\\''")}'` : '';
  return `aws xray get-service-graph --endpoint-url ${window.location.origin} --start-time ${second(from)} --end-time ${second(to)}${of}`;
}
