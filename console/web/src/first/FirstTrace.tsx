// Greets the first trace of all: what came, and the way to it.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { get } from '../api/client';
import type { TraceList } from '../api/generated/TraceList';
import { serverNow } from '../api/live';
import { useStatus } from '../api/queries';
import { traceLink } from '../location/address';

const HOUR = 3_600_000;
const AGAIN_MS = 500;
const SHOWN_MS = 20_000;

export function FirstTrace() {
  const hasData = useStatus().data?.hasData;
  const wasEmpty = useRef(false);
  const [isGreeting, setGreeting] = useState(false);
  useEffect(() => {
    if (hasData === false) wasEmpty.current = true;
    if (hasData === true && wasEmpty.current) {
      wasEmpty.current = false;
      setGreeting(true);
    }
  }, [hasData]);
  return isGreeting ? <Greeting onClose={() => setGreeting(false)} /> : null;
}

function Greeting({ onClose }: { onClose: () => void }) {
  const newest = useQuery({
    queryKey: ['first trace'],
    queryFn: ({ signal }) => get<TraceList>('/api/traces', { from: serverNow() - HOUR, to: serverNow() + HOUR, limit: 1 }, signal),
    // Its document may be durable a moment before the answers know it.
    refetchInterval: (query) => (query.state.data?.traces.length ? false : AGAIN_MS),
  });
  const trace = newest.data?.traces[0];
  useEffect(() => {
    if (trace === undefined) return;
    const timer = window.setTimeout(onClose, SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [trace === undefined]);
  if (trace === undefined) return null;
  return (
    <div className="toast" role="status">
      <span>
        Got <strong>{trace.entryPoint ?? trace.services[0] ?? 'a trace'}</strong> <code>{trace.id}</code>
      </span>
      <Link className="text-link" href={traceLink(trace.id)} onClick={onClose}>
        Open trace
      </Link>
      <button type="button" className="tool" aria-label="Close this message" onClick={onClose}>
        <span aria-hidden="true">×</span>
      </button>
    </div>
  );
}
