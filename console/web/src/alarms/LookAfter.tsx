// Somebody says that they look after an alarm that rings, by name and with a note for the others.
import Button from '@cloudscape-design/components/button';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { Failure } from '../ui/Failure';
import { useAcknowledge } from './queries';

export function LookAfter({ alarm }: { alarm: string }) {
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const acknowledge = useAcknowledge();
  return (
    <form
      className="look-after"
      onSubmit={(event) => {
        event.preventDefault();
        acknowledge.mutate({ alarm, name, note });
      }}
    >
      <Input ariaLabel="Your name" placeholder="Your name" value={name} onChange={({ detail }) => setName(detail.value)} />
      <Input ariaLabel="A note for the others" placeholder="A note for the others" value={note} onChange={({ detail }) => setNote(detail.value)} />
      <Button formAction="submit" loading={acknowledge.isPending} disabled={name.trim() === ''}>
        I look after it
      </Button>
      {acknowledge.error && <Failure error={acknowledge.error} retry={acknowledge.reset} />}
    </form>
  );
}
