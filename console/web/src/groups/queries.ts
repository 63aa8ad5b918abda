// What the groups page asks and changes.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { GroupEntry } from '../api/generated/GroupEntry';
import type { GroupList } from '../api/generated/GroupList';
import type { TraceList } from '../api/generated/TraceList';
import { serverNow } from '../api/live';
import { callOperation, useChange, type Input } from '../api/operation';
import { boundsOf, type Range } from '../location/range';

const SAMPLE_ROWS = 5;
/** Counting reads every trace of the range. */
const COUNT_MS = 15_000;
/** X-Ray's bounds. */
export const MAX_NAME = 32;
const STALE = ['groups', 'session'];

export function useGroups() {
  return useQuery({
    queryKey: ['groups'],
    queryFn: ({ signal }) => get<GroupList>('/api/groups', {}, signal),
    placeholderData: keepPreviousData,
  });
}

/** What a filter matches in the range, with the newest few. */
export function useMatches(range: Range, filter: string, rows = SAMPLE_ROWS, enabled = true) {
  return useQuery({
    queryKey: ['matches', range.text, filter, rows],
    queryFn: ({ signal }) => get<TraceList>('/api/traces', { ...boundsOf(range, serverNow()), filter, limit: rows }, signal),
    enabled,
    refetchInterval: range.kind === 'relative' ? COUNT_MS : false,
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export interface GroupForm {
  name: string;
  filter: string;
  insights: boolean;
  notifications: boolean;
  tags: Record<string, string>;
}

export const NEW_GROUP: GroupForm = { name: '', filter: '', insights: false, notifications: false, tags: {} };

export function formOf(entry: GroupEntry): GroupForm {
  return { name: entry.name, filter: entry.filter ?? '', insights: entry.insightsEnabled, notifications: entry.notificationsEnabled, tags: entry.tags };
}

export function groupInput(form: GroupForm, isNew: boolean): Input {
  const tags = Object.entries(form.tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    GroupName: form.name,
    ...(form.filter === '' ? {} : { FilterExpression: form.filter }),
    InsightsConfiguration: { InsightsEnabled: form.insights, NotificationsEnabled: form.insights && form.notifications },
    ...(isNew && tags.length > 0 ? { Tags: tags } : {}),
  };
}

export interface GroupChange {
  form: GroupForm;
  /** The group as it was; absent for a new one. */
  before?: GroupEntry;
}

export function useSaveGroup() {
  return useChange<GroupChange>(async ({ form, before }) => {
    await callOperation(before ? 'UpdateGroup' : 'CreateGroup', groupInput(form, before === undefined));
    if (before) await retag(before, form.tags);
  }, STALE);
}

/** UpdateGroup knows no tags. */
async function retag(before: GroupEntry, tags: Record<string, string>): Promise<void> {
  const gone = Object.keys(before.tags).filter((key) => !(key in tags));
  const changed = Object.entries(tags).filter(([key, value]) => before.tags[key] !== value);
  if (gone.length > 0) await callOperation('UntagResource', { ResourceARN: before.arn, TagKeys: gone });
  if (changed.length > 0) {
    await callOperation('TagResource', { ResourceARN: before.arn, Tags: changed.map(([Key, Value]) => ({ Key, Value })) });
  }
}

export function useDeleteGroup() {
  return useChange<string>((GroupName) => callOperation('DeleteGroup', { GroupName }), STALE);
}
