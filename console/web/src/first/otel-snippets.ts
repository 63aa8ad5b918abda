// How a program with OpenTelemetry is pointed at this server: the variables that every SDK reads, and how each is started.
import type { Listeners } from '../api/generated/Listeners';
import { reachable, type Snippet } from './snippets';

/** How this server is spoken to. */
export interface Access {
  isEncrypted: boolean;
  needsKey: boolean;
}

/** Fluoro's own port takes OTLP by HTTP and by gRPC, whatever other ports are open. */
export function otelSnippets(listeners: Listeners, { isEncrypted, needsKey }: Access): Snippet[] {
  const endpoint = `${isEncrypted ? 'https' : 'http'}://${reachable(listeners.http)}`;
  const environment = variables(endpoint, needsKey);
  return [
    {
      id: 'java-agent',
      title: 'Java agent',
      needs: 'opentelemetry-javaagent.jar; no change of the program',
      text: `${environment}
java -javaagent:opentelemetry-javaagent.jar -jar app.jar`,
    },
    {
      id: 'python',
      title: 'Python',
      needs: 'pip install opentelemetry-distro opentelemetry-exporter-otlp opentelemetry-propagator-aws-xray',
      text: `${environment}
opentelemetry-bootstrap -a install
opentelemetry-instrument python app.py`,
    },
    {
      id: 'node',
      title: 'Node.js',
      needs: 'npm install @opentelemetry/sdk-node @opentelemetry/auto-instrumentations-node @opentelemetry/auto-configuration-propagators',
      text: `${environment}
cat > tracing.js <<'END'
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');
// Knows xray, which the SDK by itself does not.
const { getPropagator } = require('@opentelemetry/auto-configuration-propagators');

new NodeSDK({
  textMapPropagator: getPropagator(),
  instrumentations: [getNodeAutoInstrumentations()],
}).start();
END
node --require ./tracing.js app.js`,
    },
    {
      id: 'go',
      title: 'Go',
      needs: 'go get go.opentelemetry.io/otel/sdk go.opentelemetry.io/contrib/exporters/autoexport go.opentelemetry.io/contrib/propagators/autoprop',
      text: `${commented(environment)}
package main

import (
	"context"
	"log"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	ctx := context.Background()
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		log.Fatal(err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	defer provider.Shutdown(ctx)
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(autoprop.NewTextMapPropagator())

	_, span := otel.Tracer("hello").Start(ctx, "work")
	span.End()
}`,
    },
    {
      id: 'dotnet',
      title: '.NET',
      needs: 'dotnet add package for OpenTelemetry.Extensions.Hosting, .Exporter.OpenTelemetryProtocol, .Instrumentation.AspNetCore, .Instrumentation.Http, .Extensions.AWS',
      text: `${commented(environment)}
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Extensions.AWS.Trace;
using OpenTelemetry.Trace;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing
    .AddAspNetCoreInstrumentation()
    .AddHttpClientInstrumentation()
    .AddOtlpExporter());
// .NET does not read OTEL_PROPAGATORS.
Sdk.SetDefaultTextMapPropagator(new CompositeTextMapPropagator(new TextMapPropagator[]
{
    new TraceContextPropagator(), new BaggagePropagator(), new AWSXRayPropagator(),
}));

var app = builder.Build();
app.MapGet("/", () => "hello");
app.Run();`,
    },
    {
      id: 'collector',
      title: 'Collector',
      needs: 'the collector that you have: add the exporter to its pipeline of traces',
      text: `receivers:
  otlp:
    protocols:
      http:
        # 4317 and 4318 of this machine are Fluoro's, unless it was told otherwise.
        endpoint: 127.0.0.1:14318

exporters:
  otlphttp/fluoro:
    endpoint: ${endpoint}${needsKey ? '\n    headers:\n      # of a key that may xray:PutTraceSegments, from Settings\n      authorization: Bearer ${env:FLUORO_TOKEN}' : ''}

service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlphttp/fluoro]`,
    },
  ];
}

function variables(endpoint: string, needsKey: boolean): string {
  // A blank in this variable is written as %20.
  const key = '# the token of a key that may xray:PutTraceSegments, from Settings\nexport OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20$FLUORO_TOKEN\n';
  return `export OTEL_SERVICE_NAME=hello
export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}
${needsKey ? key : ''}export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_TRACES_EXPORTER=otlp
export OTEL_METRICS_EXPORTER=none
export OTEL_LOGS_EXPORTER=none
# xray joins traces with programs that have an X-Ray SDK
export OTEL_PROPAGATORS=tracecontext,baggage,xray`;
}

/** For files of languages in which two slashes begin a comment. */
function commented(text: string): string {
  return text.replace(/^#? ?/gm, '// ');
}
