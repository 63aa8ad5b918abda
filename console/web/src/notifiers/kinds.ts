// What each kind of notifier asks for. The server checks it; this says which boxes the form has.
export interface Field {
  member: string;
  label: string;
  help?: string;
  placeholder?: string;
  /** Written once and never shown again; what stands there is a mask. */
  isSecret?: boolean;
  isOptional?: boolean;
  kind?: 'text' | 'list' | 'number' | 'long' | 'flag' | 'choice';
  choices?: string[];
}

export interface KindForm {
  name: string;
  label: string;
  fields: Field[];
}

const url = (label: string, placeholder: string): Field => ({ member: 'url', label, placeholder, help: 'With its scheme, http or https', isSecret: true });
const signed: Field = { member: 'secret', label: 'Secret', help: 'Signs each message, as Standard Webhooks has it', isSecret: true, isOptional: true };

export const KINDS: KindForm[] = [
  {
    name: 'webhook', label: 'Webhook',
    fields: [
      url('URL', 'example.org/hooks/fluoro'),
      signed,
      { member: 'format', label: 'Body', kind: 'choice', choices: ['fluoro', 'alertmanager'], isOptional: true },
      { member: 'template', label: 'Template', help: 'A body of your own, in the language of Jinja; without one it is Fluoro’s JSON', kind: 'long', isOptional: true },
    ],
  },
  {
    name: 'alertmanager', label: 'Alertmanager',
    fields: [
      url('URL', 'alertmanager:9093'),
      { member: 'username', label: 'User', isOptional: true },
      { member: 'password', label: 'Password', isSecret: true, isOptional: true },
    ],
  },
  { name: 'slack', label: 'Slack', fields: [url('URL of the incoming webhook', 'hooks.slack.com/services/…')] },
  { name: 'teams', label: 'Teams', fields: [url('URL of the workflow', '….logic.azure.com/…')] },
  { name: 'pagerduty', label: 'PagerDuty', fields: [{ member: 'routing_key', label: 'Integration key', help: 'Of an integration with the Events API v2', isSecret: true }] },
  {
    name: 'email', label: 'E-mail',
    fields: [
      { member: 'host', label: 'SMTP server', placeholder: 'smtp.example.org' },
      { member: 'port', label: 'Port', kind: 'number', isOptional: true },
      { member: 'tls', label: 'Encryption', kind: 'choice', choices: ['starttls', 'tls', 'none'], isOptional: true },
      { member: 'username', label: 'User', isOptional: true },
      { member: 'password', label: 'Password', isSecret: true, isOptional: true },
      { member: 'from', label: 'From', placeholder: 'fluoro@example.org' },
      { member: 'to', label: 'To', help: 'One address a line', kind: 'list' },
    ],
  },
  { name: 'sns', label: 'SNS over HTTP', fields: [url('URL', 'example.org/sns'), signed, { member: 'raw', label: 'The message alone, without SNS’s envelope', kind: 'flag', isOptional: true }] },
  { name: 'eventbridge', label: 'EventBridge over HTTP', fields: [url('URL', 'example.org/events'), signed] },
  { name: 'topic', label: 'Topic with subscribers', fields: [{ member: 'display_name', label: 'Display name', isOptional: true }, signed] },
];

export function kindOf(name: string): KindForm {
  return KINDS.find((kind) => kind.name === name) ?? KINDS[0]!;
}

/** Members of a form as text, by name. */
export type Values = Record<string, string>;

/** What is missing, by member; `name` is that of the notifier. What is held stays, so a secret of one that is edited may be left out. */
export function missing(kind: KindForm, name: string, values: Values, isHeld: boolean): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (!isHeld && name.trim() === '') wrong.name = 'Give it a name, such as on-call';
  for (const { member, label, isOptional, isSecret, kind: input } of kind.fields) {
    if (isOptional || input === 'choice' || input === 'flag' || (isSecret && isHeld)) continue;
    if ((values[member] ?? '').trim() === '') wrong[member] = `${label} is missing`;
  }
  return wrong;
}

/** Which field a complaint of the server is about, and what remains to be said there. */
export function placeOf(kind: KindForm, complaint: string): { member: string; text: string } | undefined {
  const text = complaint.replace(/^notifier [^:]*: /, '');
  if (/name is 1 to 256|notifier \S+ exists/.test(complaint)) return { member: 'name', text };
  const named = /^(?:missing field `(\w+)`|(\w+): )/.exec(text);
  const member = named?.[1] ?? named?.[2];
  if (!kind.fields.some((field) => field.member === member)) return undefined;
  return { member: member!, text: text.replace(/^\w+: /, '') };
}

/** What is sent: only what somebody wrote, in the type of its field. */
export function bodyOf(kind: KindForm, values: Values): Record<string, unknown> {
  const body: Record<string, unknown> = { kind: kind.name };
  for (const { member, kind: type } of kind.fields) {
    const text = (values[member] ?? '').trim();
    if (text === '') continue;
    if (type === 'list') body[member] = text.split(/[\n,]/).map((part) => part.trim()).filter(Boolean);
    else if (type === 'number') body[member] = Number(text);
    else if (type === 'flag') body[member] = text === 'true';
    else body[member] = values[member];
  }
  return body;
}

/** The other way round, of a notifier as the server shows it. */
export function valuesOf(kind: KindForm, members: Record<string, unknown>): Values {
  const values: Values = {};
  for (const { member } of kind.fields) {
    const value = members[member];
    if (value == null) continue;
    values[member] = Array.isArray(value) ? value.join('\n') : String(value);
  }
  return values;
}
