package observe

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"sluis/peer"
)

const (
	uploadTime = 30 * time.Second // bounds one upload of spans
	flushTime  = 5 * time.Second  // bounds the last one
)

// openExporter makes OpenTelemetry's own OTLP client for an endpoint. It connects
// to nothing yet.
func openExporter(ctx context.Context, endpoint string) (sdktrace.SpanExporter, error) {
	return otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(endpoint),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithTimeout(uploadTime),
		otlptracehttp.WithHTTPClient(&http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
				TLSHandshakeTimeout: uploadTime, IdleConnTimeout: uploadTime,
			},
			Timeout: uploadTime,
			// A redirect could take the spans to somebody else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
	)
}

// trace makes spans of what is observed from now on.
func (i *Instruments) trace(o Options, spans sdktrace.SpanProcessor) {
	i.provider = sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(spans),
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "sluis"), attribute.String("service.version", o.Version), attribute.String("service.instance.id", o.Instance),
		)),
	)
	i.tracer = i.provider.Tracer("sluis/observe")
	// OpenTelemetry has one place for the whole program to complain to.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logLoss(i.log, err) }))
}

// logLoss says that spans did not arrive: they are for whoever looks why something
// is slow, and are not kept.
func logLoss(log *slog.Logger, err error) {
	log.Warn("spans were not taken; they are lost", "error", err.Error())
}

// span begins the span of a step, when spans are made at all. Whoever calls end
// must not defer it as it is: the SDK would then write down what a panic says.
func (i *Instruments) span(ctx context.Context, step peer.Step, message []byte) (context.Context, func(of, outcome string)) {
	if i.tracer == nil {
		return ctx, func(string, string) {}
	}
	if message != nil {
		ctx = trace.ContextWithSpanContext(ctx, contextOf(message))
	}
	kind := trace.SpanKindInternal
	switch step {
	case peer.APIStep, peer.PageStep:
		kind = trace.SpanKindServer
	case peer.SendStep:
		kind = trace.SpanKindProducer
	case peer.ReceiveStep:
		kind = trace.SpanKindConsumer
	}
	ctx, span := i.tracer.Start(ctx, string(step), trace.WithSpanKind(kind))
	return ctx, func(of, outcome string) {
		span.SetAttributes(attribute.String("sluis.of", of), attribute.String("sluis.outcome", outcome))
		if failed(outcome) {
			span.SetStatus(codes.Error, outcome)
		}
		span.End()
	}
}

// failed reports whether the node could not do its work: a refusal is its work.
func failed(outcome string) bool {
	switch outcome {
	case peer.Internal, "stopped", "disk-full", "disk-read-only", "unreachable":
		return true
	}
	return len(outcome) == len("500") && strings.HasPrefix(outcome, "5")
}

// contextOf is the trace context (W3C Trace Context) of a message. Sender and
// receiver both know its digest and make the same of it, so their spans are of one
// trace and nothing more goes over the wire. From a trace the digest can't be had
// back.
func contextOf(message []byte) trace.SpanContext {
	hash := sha256.Sum256(append([]byte("sluis-trace\n"), message...))
	c := trace.SpanContextConfig{TraceFlags: trace.FlagsSampled, Remote: true}
	copy(c.TraceID[:], hash[:])
	copy(c.SpanID[:], hash[len(c.TraceID):])
	return trace.NewSpanContext(c)
}

// Joined lets requests of h be part of the trace that a program of the
// organisation names (traceparent, W3C Trace Context). What it says beside that
// (tracestate) could be anything, and is left out.
func (i *Instruments) Joined(h http.Handler) http.Handler {
	if i == nil || i.tracer == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		theirs := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header)))
		if theirs.IsValid() {
			r = r.WithContext(trace.ContextWithSpanContext(r.Context(), theirs.WithTraceState(trace.TraceState{})))
		}
		h.ServeHTTP(w, r)
	})
}

// Close hands over the last spans.
func (i *Instruments) Close() error {
	if i == nil || i.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if err := i.provider.Shutdown(ctx); err != nil {
		logLoss(i.log, fmt.Errorf("at the end: %w", err))
	}
	return nil
}
