// Tabs narrow enough for a side panel, so that each stays at its place; empty ones say why they are empty.
import { useId, type KeyboardEvent, type ReactNode } from 'react';

export interface Tab {
  id: string;
  label: string;
  count?: number;
  /** Why there is nothing to see; the tab cannot be opened then. */
  emptyReason?: string;
  content: ReactNode;
}

interface TabRowProps {
  tabs: Tab[];
  active: string;
  label: string;
  onChange: (id: string) => void;
}

export function TabRow({ tabs, active, label, onChange }: TabRowProps) {
  const prefix = useId();
  const open = tabs.find((tab) => tab.id === active && !tab.emptyReason) ?? tabs.find((tab) => !tab.emptyReason) ?? tabs[0]!;
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const usable = tabs.filter((tab) => !tab.emptyReason);
    const next = usable[(usable.indexOf(open) + by + usable.length) % usable.length]!;
    onChange(next.id);
    document.getElementById(`${prefix}${next.id}`)?.focus();
  };
  return (
    <>
      <div className="tab-row" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            id={`${prefix}${tab.id}`}
            role="tab"
            aria-selected={tab === open}
            aria-controls={tab === open ? `${prefix}panel` : undefined}
            aria-disabled={tab.emptyReason !== undefined}
            title={tab.emptyReason}
            tabIndex={tab === open ? 0 : -1}
            onClick={() => tab.emptyReason === undefined && onChange(tab.id)}
          >
            {tab.label}
            {tab.count !== undefined && tab.count > 0 && <span className="tab-count">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${prefix}panel`} aria-labelledby={`${prefix}${open.id}`} className="tab-panel">
        {open.content}
      </div>
    </>
  );
}
