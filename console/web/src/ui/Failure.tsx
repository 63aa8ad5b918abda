// A failed question to the server: what it said, its request id, and the same question as a command.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { ApiError } from '../api/client';
import { Copy } from './Copy';

interface FailureProps {
  error: Error;
  retry: () => void;
  /** How old what is still shown is. */
  stale?: string;
}

export function Failure({ error, retry, stale }: FailureProps) {
  const api = error instanceof ApiError ? error : undefined;
  return (
    <div className="failure">
      <Alert type="error" header={error.message} action={<Button onClick={retry}>Try again</Button>}>
        {stale && <p>What you see is from {stale}.</p>}
        {api && api.status > 0 && (
          <p>
            Status {api.status}
            {api.requestId && (
              <>
                , request <code>{api.requestId}</code> <Copy text={api.requestId} what="request id" />
              </>
            )}
          </p>
        )}
        {api && (
          <p className="expression">
            <code>{api.curl}</code> <Copy text={api.curl} what="command" />
          </p>
        )}
      </Alert>
    </div>
  );
}
