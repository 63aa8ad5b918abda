// How far a rule's rate may rise for a while when requests go wrong.
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import type { RuleBoost } from '../api/generated/RuleBoost';

const FIRST: RuleBoost = { maxRate: 0.5, cooldownMinutes: 10 };

interface BoostFieldsProps {
  boost?: RuleBoost;
  error?: string;
  onChange: (boost: RuleBoost | undefined) => void;
}

export function BoostFields({ boost, error, onChange }: BoostFieldsProps) {
  const [percent, setPercent] = useState(String(Number(((boost ?? FIRST).maxRate * 100).toPrecision(12))));
  const [minutes, setMinutes] = useState(String((boost ?? FIRST).cooldownMinutes));
  const tell = (rate: string, cooldown: string) => onChange({ maxRate: Number(rate) / 100, cooldownMinutes: Number(cooldown) });
  return (
    <fieldset>
      <legend>Boost</legend>
      <Checkbox checked={boost !== undefined} onChange={({ detail }) => (detail.checked ? tell(percent, minutes) : onChange(undefined))}>
        Sample more for a minute when requests go wrong and too few of them are kept
      </Checkbox>
      {boost && (
        <div className="form-grid">
          <FormField label="Highest rate, %" description="While requests go wrong" errorText={error} stretch>
            <Input
              value={percent}
              inputMode="decimal"
              onChange={({ detail }) => {
                setPercent(detail.value);
                tell(detail.value, minutes);
              }}
            />
          </FormField>
          <FormField label="Cooldown, minutes" description="Before the next boost may begin" stretch>
            <Input
              value={minutes}
              inputMode="numeric"
              onChange={({ detail }) => {
                setMinutes(detail.value);
                tell(percent, detail.value);
              }}
            />
          </FormField>
        </div>
      )}
    </fieldset>
  );
}
