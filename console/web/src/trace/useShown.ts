// What of a trace is shown and selected, as the address holds it, and the ways to change it.
import { useCallback, useMemo, useState } from 'react';
import type { Span } from '../api/generated/Span';
import type { TraceDetail } from '../api/generated/TraceDetail';
import { useAddress } from '../location/address';
import { matchesOf, stepped } from './find';
import { asSentOf, extentOf, faultsOf, servicesOf, treeOf, type Tree } from './tree';
import { markName, marksOf, steppedMark, type Mark } from './marks';
import { useHeld } from './useHeld';
import { parseZoom, printZoom, type Zoom } from './zoom';

export const VIEWS = ['timeline', 'map', 'flame', 'table', 'raw', 'compare'] as const;
export type View = (typeof VIEWS)[number];

export interface Shown {
  trace: TraceDetail;
  spans: readonly Span[];
  tree: Tree;
  /** Colours by service. */
  services: Map<string, number>;
  extent: number;
  view: View;
  /** Index of the selected span; -1 in a trace without spans. */
  selected: number;
  select: (index: number) => void;
  zoom: Zoom;
  setZoom: (zoom: Zoom) => void;
  find: string;
  setFind: (text: string) => void;
  matches: number[];
  stepMatch: (by: 1 | -1) => void;
  faults: number[];
  stepFault: (by: 1 | -1) => void;
  /** Events that can be marked. */
  marks: Mark[];
  openMark: (mark: Mark) => void;
  stepMark: (by: 1 | -1) => void;
  showsCritical: boolean;
  toggleCritical: () => void;
  onlyErrors: boolean;
  toggleErrors: () => void;
  /** Some of its clocks are off. */
  hasClocks: boolean;
  /** Times are those of the hosts, and not by one clock. */
  asSent: boolean;
  toggleSent: () => void;
}

export function useShown(trace: TraceDetail): Shown {
  const { params, change } = useAddress();
  const { focus } = trace;
  const hasClocks = useMemo(() => trace.spans.some((span) => span.shift != null), [trace.spans]);
  const asSent = hasClocks && params.get('times') === 'sent';
  const spans = useMemo(() => (asSent ? asSentOf(trace.spans) : trace.spans), [trace.spans, asSent]);
  const tree = useMemo(() => treeOf(spans), [spans]);
  const services = useMemo(() => servicesOf(spans), [spans]);
  const extent = useMemo(() => extentOf(spans, hasClocks && !asSent ? undefined : trace.summary.duration), [spans, trace.summary.duration, hasClocks, asSent]);
  // A link to a twin leads to its call.
  const byId = useMemo(() => new Map(spans.map((span, index) => [span.id, tree.twins.get(span.parent ?? -1) === index ? span.parent! : index])), [spans, tree]);
  const marks = useMemo(() => marksOf(spans), [spans]);
  const faults = useMemo(() => faultsOf(spans), [spans]);
  const [span, setSpan] = useHeld('span');
  const [zoomText, setZoomText] = useHeld('zoom');
  const [findText, setFindText] = useHeld('find');
  const find = findText ?? '';
  const matches = useMemo(() => matchesOf(spans, find), [spans, find]);
  // What was in the centre when the page opened stays there while a young trace grows.
  const [first] = useState(() => focus ?? spans[0]?.id);
  const selected = byId.get(span ?? first ?? '') ?? byId.get(first ?? '') ?? (spans.length > 0 ? 0 : -1);
  const select = useCallback((index: number) => setSpan(spans[index]?.id), [setSpan, spans]);
  const openMark = useCallback(
    ({ span, event }: Mark) => {
      select(span);
      change({ pane: 'events', event: markName(spans[span]!.id, event) });
    },
    [select, change, spans],
  );
  const zoom = useMemo(() => parseZoom(zoomText, extent), [zoomText, extent]);
  const setZoom = useCallback((next: Zoom) => setZoomText(printZoom(next, extent)), [setZoomText, extent]);
  const wanted = params.get('with') !== null ? 'compare' : params.get('view');
  // The path leads through times by one clock.
  const showsCritical = params.get('critical') !== 'off' && !asSent;
  const onlyErrors = params.get('errors') === 'only';
  return {
    trace, spans, tree, services, extent, selected, select, zoom, setZoom, find, matches, faults, marks, openMark, showsCritical, onlyErrors, hasClocks, asSent,
    view: VIEWS.find((view) => view === wanted) ?? 'timeline',
    setFind: (text) => setFindText(text === '' ? undefined : text),
    stepMatch: (by) => {
      const next = stepped(matches, selected, by);
      if (next !== undefined) select(next);
    },
    stepFault: (by) => {
      const next = stepped(faults, selected, by);
      if (next === undefined) return;
      select(next);
      change({ pane: 'exceptions' });
    },
    stepMark: (by) => {
      const next = steppedMark(spans, marks, params.get('event'), selected, by);
      if (next) openMark(next);
    },
    toggleCritical: () => change({ critical: showsCritical ? 'off' : undefined }),
    toggleErrors: () => change({ errors: onlyErrors ? undefined : 'only' }),
    toggleSent: () => change({ times: asSent ? undefined : 'sent' }),
  };
}
