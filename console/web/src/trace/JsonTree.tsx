// JSON that folds; every string in it is shown as text.
const OPEN_DEPTH = 2;
const MOST_CHILDREN = 200;

export function JsonTree({ value, name, depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  const label = name === undefined ? null : <span className="json-name">{name}: </span>;
  if (typeof value !== 'object' || value === null) {
    return (
      <div className="json-leaf">
        {label}
        <span className={`json-${value === null ? 'null' : typeof value}`}>{typeof value === 'string' ? value : String(value)}</span>
      </div>
    );
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  if (entries.length === 0) {
    return (
      <div className="json-leaf">
        {label}
        {isList ? '[]' : '{}'}
      </div>
    );
  }
  return (
    <details className="json-node" open={depth < OPEN_DEPTH}>
      <summary>
        {label}
        <span className="muted">{isList ? `${entries.length} items` : `${entries.length} fields`}</span>
      </summary>
      {entries.slice(0, MOST_CHILDREN).map(([key, child]) => (
        <JsonTree key={key} name={key} value={child} depth={depth + 1} />
      ))}
      {entries.length > MOST_CHILDREN && <p className="muted">{entries.length - MOST_CHILDREN} more are not shown; copy to see all.</p>}
    </details>
  );
}
