// The address of a service's page. Its type and account are part of it, since two nodes may share a name.
import { linkTo, type Change } from '../location/address';
import type { NodeKey } from '../node/queries';

export function serviceLink({ name, type, account }: { [Part in keyof NodeKey]: NodeKey[Part] | null }, change: Change = {}): string {
  return linkTo(`/services/${encodeURIComponent(name ?? '')}`, { type, account, ...change });
}
