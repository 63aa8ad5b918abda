// What a file holds: its traces, of which one is looked at as if it were stored.
import Button from '@cloudscape-design/components/button';
import { useEffect, useState } from 'react';
import { post } from '../api/client';
import type { Viewed } from '../api/generated/Viewed';
import { go, traceLink } from '../location/address';
import { count, plural } from '../quantity';
import { Failure } from '../ui/Failure';
import { Loading } from '../ui/Loading';
import { PageHead } from '../ui/PageHead';
import { useTitle } from '../ui/useTabStatus';
import { chooseFile } from './DropFile';
import { holdViewed, useFile, type OpenFile } from './held';

/** Rows of one page; who has more looks for an id. */
const MOST_ROWS = 500;

export default function FilePage() {
  const file = useFile();
  useTitle('File');
  return (
    <div className="page">
      <PageHead title={file ? file.name : 'Traces of a file'} count={file && plural(file.traces.size, 'trace')} actions={<Button onClick={chooseFile}>Choose a file</Button>}>
        Drop a file anywhere on the console, or choose one: what <code>BatchGetTraces</code> answers, an export of this console, or segment documents. It is looked at and not stored.
      </PageHead>
      {file && <Traces key={file.name} file={file} />}
    </div>
  );
}

function Traces({ file }: { file: OpenFile }) {
  const [wanted, setWanted] = useState('');
  const [opening, setOpening] = useState<string>();
  const [failed, setFailed] = useState<{ id: string; error: Error }>();
  const ids = [...file.traces.keys()];
  const shown = ids.filter((id) => id.includes(wanted.trim().toLowerCase()));
  const open = (id: string, isOnly: boolean) => {
    setOpening(id);
    setFailed(undefined);
    post<Viewed>('/api/view', { documents: file.traces.get(id) })
      .then((viewed) => {
        holdViewed(viewed);
        // From the only trace one goes back to where one came from.
        go(traceLink(viewed.trace.summary.id, { file: '1' }), isOnly);
      }, (error: Error) => setFailed({ id, error }))
      .finally(() => setOpening(undefined));
  };
  useEffect(() => {
    if (ids.length === 1) open(ids[0]!, true);
  }, [file]);
  return (
    <>
      {failed && <Failure error={failed.error} retry={() => open(failed.id, false)} />}
      {opening !== undefined && <Loading label="Reading the trace" />}
      {ids.length > 12 && <input type="search" className="find-names" placeholder="Trace id" aria-label="Find a trace by its id" value={wanted} onChange={(event) => setWanted(event.target.value)} />}
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">Trace</th>
            <th scope="col" className="number">
              Documents
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.slice(0, MOST_ROWS).map((id) => (
            <tr key={id}>
              <th scope="row">
                <button type="button" className="text-link plain mono" onClick={() => open(id, false)}>
                  {id}
                </button>
              </th>
              <td className="number">{count(file.traces.get(id)!.length)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length > MOST_ROWS && <p className="muted">{count(shown.length - MOST_ROWS)} more are not listed; an id finds them.</p>}
    </>
  );
}
