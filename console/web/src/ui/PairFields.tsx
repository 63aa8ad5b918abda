// Keys with values in a form, pair by pair: tags of a group, attributes of a rule.
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';

interface PairFieldsProps {
  label: string;
  description?: string;
  /** What one pair is called, in small letters, and its second half. */
  one: string;
  second: string;
  /** X-Ray takes no more. */
  most: number;
  pairs: Record<string, string>;
  error?: string;
  onChange: (pairs: Record<string, string>) => void;
}

export function PairFields({ label, description, one, second, most, pairs, error, onChange }: PairFieldsProps) {
  // Keys may be the same while they are being typed, so rows are kept here.
  const [rows, setRows] = useState<[string, string][]>(() => Object.entries(pairs));
  const change = (next: [string, string][]) => {
    setRows(next);
    onChange(Object.fromEntries(next.filter(([key]) => key !== '')));
  };
  return (
    <FormField label={label} description={description} errorText={error} stretch>
      <div className="pairs">
        {rows.map(([key, value], place) => (
          <div key={place} className="pair">
            <Input ariaLabel={`Key of ${one} ${place + 1}`} placeholder="key" value={key} spellcheck={false} onChange={({ detail }) => change(rows.with(place, [detail.value, value]))} />
            <Input ariaLabel={`${second} of ${one} ${place + 1}`} placeholder={second.toLowerCase()} value={value} spellcheck={false} onChange={({ detail }) => change(rows.with(place, [key, detail.value]))} />
            <Button variant="icon" iconName="close" ariaLabel={`Remove ${one} ${place + 1}`} onClick={() => change(rows.toSpliced(place, 1))} />
          </div>
        ))}
        <Button iconName="add-plus" formAction="none" disabled={rows.length >= most} onClick={() => change([...rows, ['', '']])}>
          {`Add ${one}`}
        </Button>
      </div>
    </FormField>
  );
}
