// A small button that copies a text and says so.
import { useEffect, useState } from 'react';

export function Copy({ text, what, label }: { text: string; what: string; label?: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = window.setTimeout(() => setCopied(false), 1500);
    return () => window.clearTimeout(timer);
  }, [isCopied]);
  return (
    <button
      type="button"
      className={isCopied ? 'copy is-copied' : 'copy'}
      title={`Copy ${what}`}
      aria-label={label ? undefined : `Copy ${what}`}
      onClick={(event) => {
        event.stopPropagation();
        void copyText(text).then(() => setCopied(true));
      }}
    >
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
        {isCopied ? (
          <path d="M2.5 7.5 5.5 10.5 11.5 3.5" fill="none" stroke="currentColor" strokeWidth="1.8" />
        ) : (
          <path d="M4.5 4.5h7v7h-7ZM9.5 4.5v-2h-7v7h2" fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinejoin="round" />
        )}
      </svg>
      {label && <span>{isCopied ? 'Copied' : label}</span>}
      <span className="visually-hidden" role="status">
        {isCopied ? 'Copied' : ''}
      </span>
    </button>
  );
}

/** The clipboard needs a secure page; over plain HTTP from another host the old way still works. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
