// The console itself as a notifier: whether this browser may tell of what begins while a page of Fluoro is open.
import Button from '@cloudscape-design/components/button';
import { useState } from 'react';

const WORDS: Record<string, string> = {
  granted: 'This browser tells of what begins while a page of Fluoro is open in it.',
  denied: 'This browser may not tell of anything; its settings of this site change that. The tab’s title and the bell count all the same.',
  default: 'This browser can tell of what begins while a page of Fluoro is open in it.',
  none: 'This browser cannot tell of anything by itself over an address that is not secure. The tab’s title and the bell count all the same.',
};

export function ThisBrowser() {
  const can = typeof Notification !== 'undefined' && window.isSecureContext;
  const [permission, setPermission] = useState<string>(can ? Notification.permission : 'none');
  return (
    <p className="this-browser">
      {WORDS[permission] ?? WORDS.none}{' '}
      {permission === 'default' && <Button onClick={() => void Notification.requestPermission().then(setPermission)}>Let it</Button>}
    </p>
  );
}
