// Any operation of X-Ray's API, sent as it is written, and everything of the answer.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import Textarea from '@cloudscape-design/components/textarea';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { curlFor } from '../api/client';
import { serverNow } from '../api/live';
import { Copy } from '../ui/Copy';
import { awsCli, boto3, type Input } from '../api/operation';
import { useAddress } from '../location/address';
import { duration } from '../quantity';
import { OPERATIONS, onlyReads, type Operation } from './operations';

const FIRST = 'GetTraceSummaries';

interface Answer {
  status: number;
  statusText: string;
  headers: [string, string][];
  body: string;
  took: number;
}

export function ApiConsole() {
  const { params, change } = useAddress();
  const operation = OPERATIONS.find((one) => one.name === params.get('operation')) ?? OPERATIONS.find((one) => one.name === FIRST)!;
  return (
    <section aria-labelledby="api-console">
      <h2 id="api-console">API console</h2>
      <p className="muted">All {OPERATIONS.length} operations of X-Ray’s API, with the rights of whoever is signed in.</p>
      <Call key={operation.name} operation={operation} onChange={(name) => change({ operation: name })} />
    </section>
  );
}

function Call({ operation, onChange }: { operation: Operation; onChange: (name: string) => void }) {
  const [text, setText] = useState(() => JSON.stringify(operation.template(Math.floor(serverNow() / 1000)), null, 2));
  const send = useMutation({ mutationFn: () => ask(operation.name, text) });
  const input = parsed(text);
  const wrong = typeof input === 'string' ? input : undefined;
  const body = typeof input === 'string' ? {} : input;
  const choice = optionOf(operation);
  return (
    <div className="api-console">
      <div className="api-request">
        <FormField label="Operation" stretch>
          <Select
            selectedOption={choice}
            options={GROUPED}
            filteringType="auto"
            expandToViewport
            onChange={({ detail }) => onChange(detail.selectedOption.value!)}
          />
        </FormField>
        <FormField label={`POST ${operation.path}`} errorText={wrong} stretch>
          <Textarea
            value={text}
            rows={14}
            spellcheck={false}
            onChange={({ detail }) => setText(detail.value)}
            onKeyDown={({ detail }) => {
              if (detail.key === 'Enter' && (detail.ctrlKey || detail.metaKey)) send.mutate();
            }}
          />
        </FormField>
        <div className="api-send">
          <Button variant="primary" loading={send.isPending} onClick={() => send.mutate()}>
            Send
          </Button>
          <span className="muted small">
            <kbd>Ctrl</kbd> <kbd>Enter</kbd>
            {!onlyReads(operation.name) && ' · this changes something'}
          </span>
          <span className="api-copies">
            <Copy text={curlFor(operation.path, body)} what="this as curl" label="curl" />
            <Copy text={awsCli(operation.name, body)} what="this as aws cli" label="aws cli" />
            <Copy text={boto3(operation.name, body)} what="this as boto3" label="boto3" />
          </span>
        </div>
      </div>
      <div className="api-answer" role="region" aria-label="Answer" aria-live="polite">
        {send.error && <Alert type="error">{send.error.message}</Alert>}
        {send.data ? <AnswerView answer={send.data} /> : !send.error && <p className="muted">The answer shows here: status, headers and body.</p>}
      </div>
    </div>
  );
}

function AnswerView({ answer }: { answer: Answer }) {
  const isGood = answer.status >= 200 && answer.status < 300;
  return (
    <>
      <p className="api-status">
        <strong className={isGood ? 'outcome-text-ok' : 'outcome-text-fault'}>
          {answer.status} {answer.statusText}
        </strong>{' '}
        <span className="muted">in {duration(answer.took)}</span> <Copy text={answer.body} what="body" label="Copy body" />
      </p>
      <details>
        <summary>{answer.headers.length} headers</summary>
        <dl className="api-headers">
          {answer.headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      <pre tabIndex={0} aria-label="Body of the answer">
        {answer.body}
      </pre>
    </>
  );
}

function optionOf({ name, path }: Operation): SelectProps.Option {
  return { value: name, label: name, description: path };
}

const GROUPED: SelectProps.Options = [...new Set(OPERATIONS.map((one) => one.part))].map((part) => ({
  label: part,
  options: OPERATIONS.filter((one) => one.part === part).map(optionOf),
}));

/** The members, or what keeps the text from being some. */
function parsed(text: string): Input | string {
  if (text.trim() === '') return {};
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : 'The body is an object: { "Member": value }';
  } catch (cause) {
    return (cause as Error).message;
  }
}

/** Sent as it is written, right or wrong: what the server says of it is the point. */
async function ask(name: string, text: string): Promise<Answer> {
  const began = performance.now();
  const response = await fetch(`/api/xray/${name}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
  const body = await response.text();
  const took = performance.now() - began;
  return { status: response.status, statusText: response.statusText, headers: [...response.headers], body: pretty(body), took };
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
