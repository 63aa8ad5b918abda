// Who is signed in, and what they may do; on a server that asks nobody everybody may change things.
import { useQuery } from '@tanstack/react-query';
import { get } from './client';
import type { Session } from './generated/Session';

export function useSession(): Session | undefined {
  return useQuery({ queryKey: ['session'], queryFn: ({ signal }) => get<Session>('/api/session', {}, signal), staleTime: 60_000 }).data;
}
