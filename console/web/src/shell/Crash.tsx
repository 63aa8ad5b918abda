// Catches a failure of drawing, so that one broken page does not blank the console.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { Component, type ReactNode } from 'react';

export class Crash extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="page">
        <Alert
          type="error"
          header="This page could not be drawn"
          action={<Button onClick={() => window.location.reload()}>Load again</Button>}
        >
          {error.message}
        </Alert>
      </div>
    );
  }
}
