// What the reader likes; it stays in this browser and is never in a link.
import FormField from '@cloudscape-design/components/form-field';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import { prefer, usePreferences, type Preferences } from '../location/preference';
import { exactInstant, instant } from '../quantity';

export function Display() {
  const { theme, density, zone } = usePreferences();
  const now = Date.now();
  return (
    <section aria-labelledby="display" className="display">
      <h2 id="display">Display</h2>
      <p className="muted">Kept in this browser alone.</p>
      <FormField label="Colours">
        <SegmentedControl
          label="Colours"
          selectedId={theme ?? 'system'}
          options={[
            { id: 'system', text: 'As the system' },
            { id: 'light', text: 'Light' },
            { id: 'dark', text: 'Dark' },
          ]}
          onChange={({ detail }) => prefer({ theme: detail.selectedId === 'system' ? undefined : (detail.selectedId as Preferences['theme']) })}
        />
      </FormField>
      <FormField label="Density">
        <SegmentedControl
          label="Density"
          selectedId={density}
          options={[
            { id: 'comfortable', text: 'Comfortable' },
            { id: 'compact', text: 'Compact' },
          ]}
          onChange={({ detail }) => prefer({ density: detail.selectedId as Preferences['density'] })}
        />
      </FormField>
      <FormField label="Time zone" description={`Now it is ${zone === 'utc' ? exactInstant(now) : instant(now)}`}>
        <SegmentedControl
          label="Time zone"
          selectedId={zone}
          options={[
            { id: 'local', text: `Local, ${Intl.DateTimeFormat().resolvedOptions().timeZone}` },
            { id: 'utc', text: 'UTC' },
          ]}
          onChange={({ detail }) => prefer({ zone: detail.selectedId as Preferences['zone'] })}
        />
      </FormField>
    </section>
  );
}
