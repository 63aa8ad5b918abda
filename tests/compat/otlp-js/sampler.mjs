// OpenTelemetry's remote sampler of X-Ray, asked for two paths ten times a second; prints how often each was sampled in the last half second.
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AWSXRayRemoteSampler } from '@opentelemetry/sampler-aws-xray';
import { SamplingDecision } from '@opentelemetry/sdk-trace-node';

const resource = resourceFromAttributes({ 'service.name': 'sampled-node' });
const sampler = new AWSXRayRemoteSampler({ resource, endpoint: process.argv[2], pollingInterval: 300 });
console.log('ready http=none');
for (;;) {
  const sampled = { '/keep': 0, '/drop': 0 };
  for (let round = 0; round < 5; round += 1) {
    for (const path of Object.keys(sampled)) {
      const attributes = { 'url.path': path, 'http.request.method': 'GET', 'server.address': 'shop.example' };
      const id = randomBytes(16).toString('hex');
      const { decision } = sampler.shouldSample(ROOT_CONTEXT, id, 'GET', SpanKind.SERVER, attributes, []);
      sampled[path] += decision === SamplingDecision.RECORD_AND_SAMPLED ? 1 : 0;
    }
    await setTimeout(100);
  }
  console.log(JSON.stringify(sampled));
}
