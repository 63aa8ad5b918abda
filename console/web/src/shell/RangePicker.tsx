// The time range, relative or absolute, kept in the address bar.
import DateRangePicker, { type DateRangePickerProps } from '@cloudscape-design/components/date-range-picker';
import { useAddress, useRange } from '../location/address';
import { absolute, DEFAULT_RANGE, lengthOf, type Range } from '../location/range';
import { duration, instant } from '../quantity';

type Value = DateRangePickerProps.Value;

const PRESETS: [amount: number, unit: 'minute' | 'hour' | 'day', text: string][] = [
  [5, 'minute', 'PT5M'],
  [15, 'minute', 'PT15M'],
  [30, 'minute', 'PT30M'],
  [1, 'hour', 'PT1H'],
  [3, 'hour', 'PT3H'],
  [6, 'hour', 'PT6H'],
  [1, 'day', 'P1D'],
  [7, 'day', 'P7D'],
];

const UNITS: Record<string, (amount: number) => string> = {
  second: (amount) => `PT${amount}S`,
  minute: (amount) => `PT${amount}M`,
  hour: (amount) => `PT${amount}H`,
  day: (amount) => `P${amount}D`,
  week: (amount) => `P${amount}W`,
};

function valueOf(range: Range): Value {
  if (range.kind === 'absolute') {
    return { type: 'absolute', startDate: new Date(range.from).toISOString(), endDate: new Date(range.to).toISOString() };
  }
  const preset = PRESETS.find(([, , text]) => text === range.text);
  return preset
    ? { type: 'relative', key: preset[2], amount: preset[0], unit: preset[1] }
    : { type: 'relative', amount: Math.max(1, Math.round(range.lengthMs / 60_000)), unit: 'minute' };
}

function textOf(value: Value): string | undefined {
  if (value.type === 'absolute') return absolute(Date.parse(value.startDate), Date.parse(value.endDate)).text;
  return UNITS[value.unit]?.(value.amount);
}

const lastWords = ({ amount, unit }: { amount: number; unit: string }) => `Last ${amount === 1 ? unit : `${amount} ${unit}s`}`;

/** What the button says; the short form is for phones. */
function Chosen({ range }: { range: Range }) {
  const value = valueOf(range);
  const long = range.kind === 'absolute' ? `${instant(range.from)}, ${duration(lengthOf(range))}` : value.type === 'relative' ? lastWords(value) : '';
  return (
    <>
      <span className="range-long">{long}</span>
      <span className="range-short">{duration(lengthOf(range))}</span>
    </>
  );
}

export function RangePicker() {
  const range = useRange();
  const { change } = useAddress();
  return (
    <div className="range-picker">
      <DateRangePicker
        value={valueOf(range)}
        onChange={({ detail }) => {
          const text = detail.value ? textOf(detail.value) : undefined;
          change({ range: text === DEFAULT_RANGE ? undefined : text }, false);
        }}
        relativeOptions={PRESETS.map(([amount, unit, key]) => ({ key, amount, unit, type: 'relative' }))}
        isValidRange={(value) => {
          const isFine = value !== null && (value.type === 'relative' || Date.parse(value.startDate) < Date.parse(value.endDate));
          return isFine ? { valid: true } : { valid: false, errorMessage: 'Choose a start that lies before the end.' };
        }}
        ariaLabel="Time range"
        placeholder="Time range"
        showClearButton={false}
        expandToViewport
        i18nStrings={{
          formatRelativeRange: lastWords,
          formatUnit: (unit, amount) => (amount === 1 ? unit : `${unit}s`),
        }}
        renderTriggerContent={() => <Chosen range={range} />}
      />
    </div>
  );
}
