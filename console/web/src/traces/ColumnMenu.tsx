// Chooses the columns of the list, annotations among them; the choice is the reader's and stays in this browser.
import { useState } from 'react';
import { Menu } from '../ui/Menu';
import { prefer, usePreferences } from '../location/preference';
import { COLUMNS, annotationsOf } from './columns';

export function ColumnMenu() {
  const { traceColumns } = usePreferences();
  const [key, setKey] = useState('');
  const toggle = (id: string) => prefer({ traceColumns: traceColumns.includes(id) ? traceColumns.filter((one) => one !== id) : [...traceColumns, id] });
  const own = annotationsOf(traceColumns).map((name) => ({ id: `annotation.${name}`, label: `annotation ${name}` }));
  return (
    <Menu className="list-menu" summary="Columns">
      {() => (
        <div className="list-menu-body">
          {[...COLUMNS, ...own].map(({ id, label }) => (
            <label key={id}>
              <input type="checkbox" checked={traceColumns.includes(id)} onChange={() => toggle(id)} /> {label}
            </label>
          ))}
          <form
            onSubmit={(event) => {
              event.preventDefault();
              const id = `annotation.${key.trim()}`;
              if (key.trim() !== '' && !traceColumns.includes(id)) toggle(id);
              setKey('');
            }}
          >
            <input value={key} aria-label="Annotation key" placeholder="annotation key" onChange={(event) => setKey(event.target.value)} />
            <button type="submit">Add</button>
          </form>
        </div>
      )}
    </Menu>
  );
}
