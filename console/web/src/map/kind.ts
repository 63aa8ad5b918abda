// What a node is, in words and as one of a few signs of our own.
import type { Node } from '../api/generated/Node';

export type KindGlyph = 'service' | 'database' | 'queue' | 'topic' | 'cache' | 'function' | 'bucket' | 'web' | 'person';

/** Without the `AWS::` in front, as X-Ray's console shows it. */
export function kindName(type: string | null | undefined, role?: Node['role']): string {
  if (role === 'client') return 'Client';
  if (type == null || type === '') return role === 'service' ? 'Service' : '';
  if (type === 'remote') return 'Remote';
  return type.replace(/^AWS::/, '').replace(/^DynamoDB::Table$/, 'DynamoDB').replaceAll('::', ' ');
}

const SIGNS: [RegExp, KindGlyph][] = [
  [/SQS|queue|Kinesis|kafka|rabbit/i, 'queue'],
  [/SNS|topic|Events/i, 'topic'],
  [/ElastiCache|redis|cache|memcache/i, 'cache'],
  [/DynamoDB|RDS|sql|postgres|mysql|mongo|database/i, 'database'],
  [/Lambda/i, 'function'],
  [/S3/i, 'bucket'],
];

export function glyphOf(type: string | null | undefined, role: Node['role'], name = ''): KindGlyph {
  if (role === 'client') return 'person';
  const text = type === 'remote' || type == null ? (role === 'service' ? '' : name) : type;
  const found = SIGNS.find(([pattern]) => pattern.test(text))?.[1];
  return found ?? (role === 'remote' ? 'web' : 'service');
}
