// Buttons on the map: zoom, fit, arrange anew, its twin as a table, and what it can be saved as.
import { useReactFlow } from '@xyflow/react';
import type { ReactNode } from 'react';
import { glide } from './useFit';

interface ControlProps {
  onFit: () => void;
  onRearrange: () => void;
  onShowTable: () => void;
  exportMenu: ReactNode;
}

const ICON = {
  in: 'M3 8H13M8 3V13',
  out: 'M3 8H13',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  arrange: 'M2.5 8H6M6 8 10 3.5M6 8l4 4.5M10 2h3.5v3H10ZM10 11h3.5v3H10Z',
  table: 'M2.5 3.5h11v9h-11ZM2.5 6.5h11M2.5 9.5h11M6.5 6.5v6',
};

export function MapControls({ onFit, onRearrange, onShowTable, exportMenu }: ControlProps) {
  const flow = useReactFlow();
  const buttons: [keyof typeof ICON, string, () => void][] = [
    ['in', 'Zoom in (+)', () => void flow.zoomIn({ duration: glide(150) })],
    ['out', 'Zoom out (-)', () => void flow.zoomOut({ duration: glide(150) })],
    ['fit', 'Show all (0)', onFit],
    ['arrange', 'Arrange anew', onRearrange],
    ['table', 'Show as a table (v)', onShowTable],
  ];
  return (
    <div className="map-controls" role="group" aria-label="Map controls">
      {buttons.map(([icon, label, act]) => (
        <button key={icon} type="button" aria-label={label} title={label} onClick={act}>
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path d={ICON[icon]} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" />
          </svg>
        </button>
      ))}
      {exportMenu}
    </div>
  );
}
