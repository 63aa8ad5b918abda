// The group that pages are narrowed to, kept in the address bar.
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import { useGroups } from '../groups/queries';
import { useAddress, useGroup } from '../location/address';

const ALL: SelectProps.Option = { value: '', label: 'All groups' };

export function GroupSelect() {
  const groups = useGroups().data?.groups ?? [];
  const chosen = useGroup();
  const { change } = useAddress();
  const own = groups.filter((group) => group.filter != null);
  const options: SelectProps.Option[] = [ALL, ...own.map((group) => ({ value: group.name, label: group.name, description: group.filter ?? undefined }))];
  const isUnknown = chosen !== undefined && !own.some((group) => group.name === chosen);
  if (own.length === 0 && chosen === undefined) return null;
  return (
    <div className="group-select">
      <Select
        selectedOption={chosen === undefined ? ALL : { value: chosen, label: chosen }}
        options={isUnknown ? [...options, { value: chosen, label: chosen, disabled: true }] : options}
        ariaLabel="Group"
        expandToViewport
        filteringType={own.length > 8 ? 'auto' : 'none'}
        onChange={({ detail }) => change({ group: detail.selectedOption.value }, false)}
      />
    </div>
  );
}
