// What the alarms' page asks, and what it changes by CloudWatch's operations, as its other clients do.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get, post, remove } from '../api/client';
import type { AlarmDryRun } from '../api/generated/AlarmDryRun';
import type { AlarmList } from '../api/generated/AlarmList';
import type { MuteList } from '../api/generated/MuteList';
import type { ObjectiveList } from '../api/generated/ObjectiveList';
import { serverNow } from '../api/live';
import { callCloudWatch, useChange, type Input } from '../api/operation';
import { hourOf } from './mute';

const AGAIN_MS = 3_000;
const STALE = ['alarms', 'alarm-history', 'mutes', 'objectives', 'firing'];
/** The newest hours are added up for each of them. */
const OBJECTIVES_AGAIN_MS = 10_000;
const DAY_MS = 86_400_000;

export function useAlarms() {
  return useQuery({
    queryKey: ['alarms'],
    queryFn: ({ signal }) => get<AlarmList>('/api/alarms', {}, signal),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
    select: ({ alarms }) => alarms,
  });
}

/** When an alarm would have fired in the last days, as far as they are kept. */
export function useDryRun(alarm: Input, days: number) {
  return useQuery({
    queryKey: ['dry-run', alarm, days],
    queryFn: ({ signal }) => post<AlarmDryRun>('/api/alarms/dry-run', { alarm, from: serverNow() - days * DAY_MS, to: serverNow() }, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export interface HistoryItem {
  AlarmName: string;
  HistoryItemType: string;
  HistorySummary: string;
  /** Seconds since 1970. */
  Timestamp: number;
}

export function useAlarmHistory(name: string) {
  return useQuery({
    queryKey: ['alarm-history', name],
    queryFn: async ({ signal }) => {
      const answer = await callCloudWatch<{ AlarmHistoryItems?: HistoryItem[] }>('DescribeAlarmHistory', { AlarmName: name, MaxRecords: 50 }, signal);
      return answer.AlarmHistoryItems ?? [];
    },
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  });
}

export function usePutAlarm() {
  return useChange<Input>((input) => callCloudWatch('PutMetricAlarm', input), STALE);
}

export function useDeleteAlarm() {
  return useChange<string>((name) => callCloudWatch('DeleteAlarms', { AlarmNames: [name] }), STALE);
}

export function useSwitchActions() {
  return useChange<{ name: string; isOn: boolean }>(
    ({ name, isOn }) => callCloudWatch(isOn ? 'EnableAlarmActions' : 'DisableAlarmActions', { AlarmNames: [name] }),
    STALE,
  );
}

export function useMutes() {
  return useQuery({
    queryKey: ['mutes'],
    queryFn: ({ signal }) => get<MuteList>('/api/mutes', {}, signal),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
    select: ({ mutes }) => mutes,
  });
}

export function useMuteForAnHour() {
  return useChange<string>((alarm) => callCloudWatch('PutAlarmMuteRule', hourOf(alarm, serverNow())), STALE);
}

export function useDeleteMute() {
  return useChange<string>((AlarmMuteRuleName) => callCloudWatch('DeleteAlarmMuteRule', { AlarmMuteRuleName }), STALE);
}

export function useAcknowledge() {
  return useChange<{ alarm: string; name: string; note: string }>(({ alarm, name, note }) => post(`/api/alarms/${encodeURIComponent(alarm)}/acknowledge`, { name, note }), STALE);
}

export function useObjectives() {
  return useQuery({
    queryKey: ['objectives'],
    queryFn: ({ signal }) => get<ObjectiveList>('/api/objectives', {}, signal),
    refetchInterval: OBJECTIVES_AGAIN_MS,
    placeholderData: keepPreviousData,
    select: ({ objectives }) => objectives,
  });
}

export function usePutObjective() {
  return useChange<{ service: string; type?: string; entry?: string; percent: number; notifiers: string[] }>((objective) => post('/api/objectives', objective), STALE);
}

export function useDeleteObjective() {
  return useChange<string>((name) => remove(`/api/objectives/${encodeURIComponent(name)}`), STALE);
}
