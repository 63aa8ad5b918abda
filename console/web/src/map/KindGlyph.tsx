// Small line drawings for kinds of nodes, 12 by 12 around the origin.
import type { KindGlyph as Kind } from './kind';

const DRAWING: Record<Kind, string> = {
  service: 'M-4.5-2.5 0-5 4.5-2.5V2.5L0 5-4.5 2.5ZM-4.5-2.5 0 0 4.5-2.5M0 0V5',
  database: 'M-4.5-3.2C-4.5-5.6 4.5-5.6 4.5-3.2V3.2C4.5 5.6-4.5 5.6-4.5 3.2ZM-4.5-3.2C-4.5-0.8 4.5-0.8 4.5-3.2M-4.5 0C-4.5 2.4 4.5 2.4 4.5 0',
  queue: 'M-5-3H5V3H-5ZM-1.7-3V3M1.7-3V3',
  topic: 'M-5 0H0M0 0 5-4M0 0H5M0 0 5 4',
  cache: 'M1-5.5-4 1H0L-1 5.5 4-1H0Z',
  function: 'M-4 5H-3C0 5 0-5 3-5H4M-3 0H3',
  bucket: 'M-5-4H5L3.6 5H-3.6ZM-4.6-1.2H4.6',
  web: 'M-5 0A5 5 0 1 1 5 0 5 5 0 1 1-5 0M-5 0H5M0-5C3-2 3 2 0 5-3 2-3-2 0-5',
  person: 'M-2.4-2.8A2.4 2.4 0 1 1 2.4-2.8 2.4 2.4 0 1 1-2.4-2.8M-5 5.5C-5 0.5 5 0.5 5 5.5',
};

export function KindGlyph({ kind, scale = 1 }: { kind: Kind; scale?: number }) {
  return (
    <path
      className="kind-glyph"
      d={DRAWING[kind]}
      transform={`scale(${scale})`}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.1}
      strokeLinejoin="round"
      strokeLinecap="round"
    />
  );
}
