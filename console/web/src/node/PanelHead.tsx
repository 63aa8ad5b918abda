// The top of the side panel: what is selected, its name to copy, and its figures.
import Button from '@cloudscape-design/components/button';
import type { ReactNode } from 'react';
import type { Stats } from '../api/generated/Stats';
import { Copy } from '../ui/Copy';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOMES, OUTCOME_WORD } from '../outcome/outcome';
import { duration, rate, shareOf } from '../quantity';

interface HeadProps {
  title: string;
  full?: string;
  subtitle?: ReactNode;
  glyph?: ReactNode;
  copy?: string;
  onClose: () => void;
}

export function PanelHead({ title, full, subtitle, glyph, copy, onClose }: HeadProps) {
  return (
    <header className="panel-head">
      {glyph && <span className="panel-glyph">{glyph}</span>}
      <div className="panel-title">
        <h2 title={full ?? title}>{title}</h2>
        {subtitle && <span className="muted">{subtitle}</span>}
      </div>
      {copy && <Copy text={copy} what="name" />}
      <Button variant="icon" iconName="close" ariaLabel="Close the panel" onClick={onClose} />
    </header>
  );
}

export function Figures({ stats, windowMs }: { stats: Stats; windowMs: number }) {
  const times: [string, number | null | undefined][] =
    stats.p50 == null ? [['Average', stats.average]] : [['p50', stats.p50], ['p90', stats.p90], ['p99', stats.p99]];
  return (
    <div className="figures">
      {times.map(([name, value]) => (
        <Figure key={name} name={name} value={duration(value)} />
      ))}
      <Figure name="Rate" value={rate(stats.total, windowMs)} />
      <div className="figure-outcomes">
        {OUTCOMES.map((outcome) =>
          stats[outcome] === 0 && outcome !== 'fault' ? null : (
            <span key={outcome}>
              <OutcomeGlyph outcome={outcome} label={false} /> {shareOf(stats[outcome], stats.total)} {OUTCOME_WORD[outcome]}
            </span>
          ),
        )}
      </div>
    </div>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className="figure">
      <span className="figure-value">{value}</span>
      <span className="figure-name">{name}</span>
    </div>
  );
}
