// A form in a dialog: what it is about, what it would call as a command, and the two ways out. Enter saves.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import type { ReactNode } from 'react';
import { awsCli, type Input } from '../api/operation';
import { Copy } from './Copy';

interface EditorModalProps {
  title: string;
  /** On the button, as the verb that happens. */
  verb: string;
  /** The operation that saving calls, where it is one of AWS, and which command of the aws cli has it: `xray` if it is not said. */
  operation?: string;
  command?: string;
  input?: Input;
  isPending: boolean;
  /** What is wrong with none of the fields in particular. */
  complaint?: string;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function EditorModal({ title, verb, operation, command, input, isPending, complaint, onSubmit, onClose, children }: EditorModalProps) {
  const submit = () => {
    if (!isPending) onSubmit();
  };
  return (
    <Modal
      visible
      size="large"
      onDismiss={onClose}
      header={title}
      closeAriaLabel="Close without saving"
      footer={
        <div className="modal-foot">
          {operation !== undefined && <Copy text={awsCli(operation, input ?? {}, command)} what="this as aws cli" label="Copy as aws cli" />}
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" loading={isPending} onClick={submit}>
            {verb}
          </Button>
        </div>
      }
    >
      <form
        className="rule-form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {complaint && <Alert type="error">{complaint}</Alert>}
        {children}
        <button type="submit" className="visually-hidden" tabIndex={-1}>
          Save
        </button>
      </form>
    </Modal>
  );
}
