// Light or dark: the system's choice until the reader makes one.
import { useEffect, useState } from 'react';
import { usePreferences } from '../location/preference';

const SYSTEM_DARK = window.matchMedia?.('(prefers-color-scheme: dark)');

export function useTheme(): 'light' | 'dark' {
  const { theme, density } = usePreferences();
  const [system, setSystem] = useState<'light' | 'dark'>(SYSTEM_DARK?.matches ? 'dark' : 'light');
  useEffect(() => {
    const follow = () => setSystem(SYSTEM_DARK?.matches ? 'dark' : 'light');
    SYSTEM_DARK?.addEventListener('change', follow);
    return () => SYSTEM_DARK?.removeEventListener('change', follow);
  }, []);
  const current = theme ?? system;
  useEffect(() => {
    document.body.classList.toggle('awsui-dark-mode', current === 'dark');
  }, [current]);
  useEffect(() => {
    document.body.classList.toggle('awsui-compact-mode', density === 'compact');
  }, [density]);
  return current;
}
