// Catches a failure of drawing, so that one broken page does not blank the console.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { Component, useEffect, type ReactNode } from 'react';
import { useLive } from '../api/live';

/** What browsers and the bundler say where the code of a page could not be fetched. */
const NOT_FETCHED = /dynamically imported module|Importing a module script failed|Unable to preload/i;
/** A page whose code is not there at all must not load again and again. */
const AGAIN_MS = 20_000;
const KEY = 'fluoro.reloaded';

export class Crash extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    if (NOT_FETCHED.test(error.message)) return <NotFetched />;
    return (
      <div className="page">
        <Alert type="error" header="This page could not be drawn" action={<Button onClick={() => window.location.reload()}>Load again</Button>}>
          {error.message}
        </Alert>
      </div>
    );
  }
}

/** Waits for the server, and loads the page then. */
function NotFetched() {
  const { state, offlineSince } = useLive();
  const isBack = state === 'live' && offlineSince === undefined;
  useEffect(() => {
    if (!isBack || Date.now() - Number(sessionStorage.getItem(KEY) ?? 0) < AGAIN_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
    window.location.reload();
  }, [isBack]);
  return (
    <div className="page">
      <Alert type="warning" header="The server does not answer" action={<Button onClick={() => window.location.reload()}>Load again</Button>}>
        The code of this page could not be fetched. The page opens by itself as soon as the server is back.
      </Alert>
    </div>
  );
}
