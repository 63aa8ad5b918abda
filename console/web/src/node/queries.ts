// What the panel asks of one node.
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { NodeDetail } from '../api/generated/NodeDetail';
import { serverNow } from '../api/live';
import { keyOf } from '../api/queries';
import { boundsOf, type Range } from '../location/range';

export interface NodeKey {
  name: string;
  type?: string;
  account?: string;
}

export function useNodeDetail(range: Range, key: NodeKey | undefined, group?: string) {
  return useQuery({
    queryKey: [keyOf('node', range), range.text, group, key?.name, key?.type, key?.account],
    queryFn: ({ signal }) =>
      get<NodeDetail>(
        '/api/node',
        { ...boundsOf(range, serverNow()), name: key?.name, type: key?.type, account: key?.account, group },
        signal,
      ),
    enabled: key !== undefined,
    placeholderData: (previous) => (previous?.node.name === key?.name ? previous : undefined),
  });
}
