// Which rule a request would fall under, by the code that decides, and how much of it would be kept.
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import type { RuleFields } from '../api/generated/RuleFields';
import type { SamplingTry } from '../api/generated/SamplingTry';
import type { SamplingVerdict } from '../api/generated/SamplingVerdict';
import { plural, share } from '../quantity';
import { keptOf } from './rule';

/** Fields of the tester, each with its name in the address bar. */
const FIELDS: [key: 'httpMethod' | 'host' | 'urlPath' | 'serviceName' | 'serviceType', label: string, example: string][] = [
  ['httpMethod', 'Method', 'POST'],
  ['host', 'Host', 'shop.example.com'],
  ['urlPath', 'Path', '/checkout'],
  ['serviceName', 'Service', 'checkout'],
  ['serviceType', 'Type', 'AWS::EKS::Container'],
];

interface TryItProps {
  request: SamplingTry;
  onChange: (request: SamplingTry) => void;
  verdict?: SamplingVerdict;
  /** Requests a second that the reader imagines; empty to use what SDKs report. */
  rate: string;
  onRate: (rate: string) => void;
}

export function TryIt({ request, onChange, verdict, rate, onRate }: TryItProps) {
  return (
    <section className="try-it" aria-labelledby="try-it">
      <h2 id="try-it">Try it</h2>
      <p className="muted">Describe a request as the SDK sees it at its start. What you leave empty is not known to the SDK, and then matches any pattern.</p>
      <div className="try-fields">
        {FIELDS.map(([key, label, example]) => (
          <FormField key={key} label={label} stretch>
            <Input value={request[key]} placeholder={example} spellcheck={false} onChange={({ detail }) => onChange({ ...request, [key]: detail.value })} />
          </FormField>
        ))}
        <FormField label="Requests/s" stretch>
          <Input
            value={rate}
            inputMode="decimal"
            placeholder={verdict?.requestsASecond != null ? rounded(verdict.requestsASecond) : '100'}
            onChange={({ detail }) => onRate(detail.value)}
          />
        </FormField>
      </div>
      {verdict && <Verdict verdict={verdict} rate={rate} />}
    </section>
  );
}

function Verdict({ verdict, rate }: { verdict: SamplingVerdict; rate: string }) {
  const { rule, asked } = verdict;
  return (
    <div className="verdict" role="status">
      {rule ? <VerdictSentence rule={rule} measured={verdict.requestsASecond ?? undefined} rate={rate} /> : <p>No rule matches.</p>}
      {asked.length > 1 && (
        <details>
          <summary>{plural(asked.length - 1, 'rule')} asked before it did not match</summary>
          <ul className="asked">
            {asked.map(
              ({ name, priority, failed }) =>
                failed && (
                  <li key={name}>
                    <span className="muted">{priority}</span> {name}: {failed.condition} is{' '}
                    {failed.value == null ? <em>not known</em> : <code>{failed.value}</code>}, not <code>{failed.pattern}</code>
                  </li>
                ),
            )}
          </ul>
        </details>
      )}
    </div>
  );
}

function VerdictSentence({ rule, measured, rate }: { rule: RuleFields; measured?: number; rate: string }) {
  const given = Number(rate);
  const requests = rate.trim() !== '' && given >= 0 ? given : (measured ?? 100);
  const kept = keptOf(rule, requests);
  const at = rate.trim() !== '' ? `At ${rounded(requests)} req/s` : measured === undefined ? 'No SDK reported on it lately; at 100 req/s' : `At now’s ${rounded(requests)} req/s`;
  return (
    <p>
      Rule <strong>{rule.name}</strong> {rule.name === 'Default' ? 'takes it, since no other does' : `(priority ${rule.priority}) matches`}. {at} it keeps{' '}
      <strong>about {rounded(kept)}/s</strong>
      {requests > 0 && <> ({share(kept / requests)})</>}: {said(rule)}
      {rule.boost && <>; up to {share(rule.boost.maxRate)} while requests go wrong</>}.
    </p>
  );
}

function said(rule: RuleFields): string {
  if (rule.reservoirSize === 0) return rule.fixedRate === 0 ? 'nothing at all' : `${share(rule.fixedRate)} of all`;
  const first = rule.reservoirSize === 1 ? 'the first of each second' : `the first ${rule.reservoirSize} of each second`;
  return rule.fixedRate === 0 ? first : `${first}, and ${share(rule.fixedRate)} of the rest`;
}

function rounded(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
