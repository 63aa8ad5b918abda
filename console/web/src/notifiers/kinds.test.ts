// The form of a notifier, there and back.
import { expect, test } from 'vitest';
import { bodyOf, kindOf, missing, placeOf, valuesOf } from './kinds';

test('what is written is sent in the type of its field, and what is not written is not sent', () => {
  const mail = kindOf('email');
  const values = { host: ' smtp.example.org', port: '587', to: 'a@example.org, b@example.org\n', username: '', raw: 'true' };
  expect(bodyOf(mail, values)).toEqual({ kind: 'email', host: ' smtp.example.org', port: 587, to: ['a@example.org', 'b@example.org'] });
  expect(bodyOf(kindOf('sns'), { url: 'http://h', raw: 'true' })).toEqual({ kind: 'sns', url: 'http://h', raw: true });
});

test('a notifier that is edited comes back as it was shown', () => {
  const mail = kindOf('email');
  const shown = { host: 'h', port: 25, to: ['a@example.org', 'b@example.org'], password: '••••', from: 'f@example.org' };
  expect(bodyOf(mail, valuesOf(mail, shown))).toEqual({ kind: 'email', ...shown });
});

test('what is missing is said at its field, and so is what the server says', () => {
  const webhook = kindOf('webhook');
  expect(Object.keys(missing(webhook, ' ', {}, false))).toEqual(['name', 'url']);
  expect(missing(webhook, 'on-call', {}, true)).toEqual({});
  expect(placeOf(webhook, 'notifier on-call: missing field `url`')?.member).toBe('url');
  expect(placeOf(webhook, 'notifier on-call: url: it must begin with https://')).toEqual({ member: 'url', text: 'it must begin with https://' });
  expect(placeOf(webhook, "a notifier's name is 1 to 256 letters, digits, hyphens and underscores")?.member).toBe('name');
  expect(placeOf(webhook, 'there are 100 notifiers already, which is the limit')).toBeUndefined();
});
