// Asks before something is gone for good.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import type { ReactNode } from 'react';

interface ConfirmProps {
  title: string;
  action: string;
  children: ReactNode;
  isPending: boolean;
  error?: Error | null;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ title, action, children, isPending, error, onConfirm, onClose }: ConfirmProps) {
  return (
    <Modal
      visible
      header={title}
      onDismiss={onClose}
      closeAriaLabel="Keep it"
      footer={
        <div className="modal-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" loading={isPending} onClick={onConfirm}>
            {action}
          </Button>
        </div>
      }
    >
      {error && <Alert type="error">{error.message}</Alert>}
      {children}
    </Modal>
  );
}
