// Records two requests of a shop with OpenTelemetry's SDK for Go and sends them by a protocol to the address that is given, and a copy by HTTP
// to a second one, if there is one. Prints the trace ids. With TRACEPARENT or X_AMZN_TRACE_ID in the environment the first request is a part of that trace.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/contrib/propagators/aws/xray"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type outOfStock struct{ article string }

func (e *outOfStock) Error() string { return "no " + e.article + " left" }

func main() {
	if len(os.Args) < 3 {
		fail(errors.New("usage: send grpc|grpc-gzip|http|http-gzip ADDRESS [COPY]"))
	}
	ctx := context.Background()
	exporter, err := exporterOf(ctx, os.Args[1], os.Args[2])
	fail(err)
	service, err := resource.Merge(resource.Default(), resource.NewSchemaless(
		attribute.String("service.name", "go-shop"), attribute.String("service.version", "7")))
	fail(err)
	// As X-Ray's own ids are: the first 32 bits are the time.
	provider := sdk.NewTracerProvider(sdk.WithResource(service), sdk.WithIDGenerator(xray.NewIDGenerator()),
		sdk.WithBatcher(exporter))
	if len(os.Args) > 3 {
		second, err := exporterOf(ctx, "http", os.Args[3])
		fail(err)
		provider.RegisterSpanProcessor(sdk.NewBatchSpanProcessor(second))
	}
	tracer := provider.Tracer("compat/shop", trace.WithInstrumentationVersion("1.2"),
		trace.WithSchemaURL("https://opentelemetry.io/schemas/1.37.0"),
		trace.WithInstrumentationAttributes(attribute.Bool("short.lived", true)))

	first := cart(incoming(ctx), tracer, trace.Link{})
	second := cart(ctx, tracer, trace.Link{SpanContext: first, Attributes: []attribute.KeyValue{attribute.String("why", "retry")}})
	fail(provider.Shutdown(ctx))
	fmt.Println(first.TraceID(), second.TraceID())
}

func exporterOf(ctx context.Context, protocol, address string) (sdk.SpanExporter, error) {
	switch protocol {
	case "grpc":
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure())
	case "grpc-gzip":
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure(), otlptracegrpc.WithCompressor("gzip"))
	case "http":
		return otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(address), otlptracehttp.WithInsecure())
	case "http-gzip":
		return otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(address), otlptracehttp.WithInsecure(),
			otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	}
	return nil, fmt.Errorf("unknown protocol %q", protocol)
}

// incoming is what the headers of a request say, by W3C's or X-Ray's.
func incoming(ctx context.Context) context.Context {
	headers := propagation.MapCarrier{}
	for header, variable := range map[string]string{"traceparent": "TRACEPARENT", "tracestate": "TRACESTATE", "X-Amzn-Trace-Id": "X_AMZN_TRACE_ID"} {
		if value := os.Getenv(variable); value != "" {
			headers[header] = value
		}
	}
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, xray.Propagator{}).Extract(ctx, headers)
}

// cart is one request: it asks a database, which has not got it, and fails.
func cart(ctx context.Context, tracer trace.Tracer, link trace.Link) trace.SpanContext {
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	if link.SpanContext.IsValid() {
		options = append(options, trace.WithLinks(link))
	}
	ctx, server := tracer.Start(ctx, "GET /cart", options...)
	defer server.End()
	server.SetAttributes(
		attribute.String("http.request.method", "GET"),
		attribute.String("url.path", "/cart"),
		attribute.String("url.scheme", "http"),
		attribute.String("server.address", "shop.example"),
		attribute.String("http.route", "/cart"),
		attribute.Int("http.response.status_code", 500),
		attribute.Float64("shop.total", 12.5),
		attribute.Int64("shop.order", 1<<62),
		attribute.Bool("shop.is_new", true),
		attribute.StringSlice("shop.articles", []string{"tea", "cup"}),
		attribute.Int64Slice("shop.amounts", []int64{1, 2}),
	)
	server.AddEvent("looked up", trace.WithAttributes(attribute.Int("articles", 2)))

	ctx, call := tracer.Start(ctx, "SELECT stock", trace.WithSpanKind(trace.SpanKindClient))
	call.SetAttributes(
		attribute.String("db.system.name", "postgresql"),
		attribute.String("db.namespace", "stock"),
		attribute.String("db.query.text", "SELECT * FROM stock WHERE article = $1"),
		attribute.String("server.address", "db.example"),
	)
	call.RecordError(&outOfStock{"tea"}, trace.WithStackTrace(true))
	call.SetStatus(codes.Error, "no tea left")
	call.End()

	_, queue := tracer.Start(ctx, "send orders", trace.WithSpanKind(trace.SpanKindProducer))
	queue.SetAttributes(attribute.String("messaging.system", "kafka"), attribute.String("messaging.destination.name", "orders"))
	queue.End()
	server.SetStatus(codes.Error, "")
	return server.SpanContext()
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "send:", err)
		os.Exit(1)
	}
}
