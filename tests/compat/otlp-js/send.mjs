// Sends a span by each exporter of OpenTelemetry's SDK for Node to the address that is given, and prints its trace id.
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter as Grpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as Json } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as Proto } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

const address = process.argv[2];
const url = `http://${address}/v1/traces`;
const exporters = {
  json: new Json({ url }),
  gzip: new Json({ url, compression: 'gzip' }),
  proto: new Proto({ url }),
  grpc: new Grpc({ url: `http://${address}` }),
};
for (const [name, exporter] of Object.entries(exporters)) {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `node-${name}` }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const span = provider.getTracer('compat').startSpan('GET /', { kind: SpanKind.SERVER });
  span.recordException(new TypeError('no such cart'));
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'no such cart' });
  span.end();
  await provider.shutdown();
  console.log(`${name} ${span.spanContext().traceId}`);
}
