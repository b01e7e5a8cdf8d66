package logboek

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	colpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// uploadTime bounds one upload, maxReply what is read of the reply.
const (
	uploadTime = 30 * time.Second
	maxReply   = 64 << 10
)

// A collector takes records: the organisation's Logboek, or what stands before
// it.
type collector struct {
	client otlptrace.Client
	reply  *listener
	idle   func() // closes connections that wait
}

// openCollector makes the official OTLP client for an endpoint. Everything that
// the environment (OTEL_EXPORTER_…) could set is set here: what holds stands in
// sluis.toml. It connects to nothing yet.
func openCollector(endpoint string, headers map[string]string) *collector {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second, MaxIdleConns: 1,
	}
	reply := &listener{next: transport}
	return &collector{reply: reply, idle: transport.CloseIdleConnections, client: otlptracehttp.NewClient(
		otlptracehttp.WithEndpointURL(endpoint),
		otlptracehttp.WithHeaders(headers),
		otlptracehttp.WithEncoding(otlptracehttp.EncodingProtobuf),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithTimeout(uploadTime),
		// Trying again is the follower's work: it knows the order and stops
		// when the node does.
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}),
		otlptracehttp.WithMaxResponseSize(maxReply),
		otlptracehttp.WithHTTPClient(&http.Client{
			Transport: reply, Timeout: uploadTime,
			// A redirect could take the records to somebody else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
	)}
}

// upload hands over records and returns when the collector has confirmed them
// (§3.2.1), with how many it says it will not keep. The error is one of a few
// codes: what a collector writes in its replies is not ours to log.
func (c *collector) upload(ctx context.Context, spans []*tracepb.ResourceSpans) (refused int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, uploadTime)
	defer cancel()
	c.reply.status, c.reply.refused, c.reply.read = 0, 0, false
	failed := c.client.UploadTraces(ctx, spans)
	switch {
	case c.reply.status == 0:
		return 0, trouble("unreachable")
	case c.reply.status < 200 || c.reply.status > 299:
		return 0, trouble("status-" + strconv.Itoa(c.reply.status))
	case !c.reply.read || failed != nil:
		return 0, trouble("reply-unreadable")
	}
	return c.reply.refused, nil
}

// A trouble is a code for why an upload did not succeed.
type trouble string

func (t trouble) Error() string { return string(t) }

// A listener keeps the outcome of the last upload apart from its text. The
// follower uploads one batch at a time, so nothing else touches it meanwhile.
type listener struct {
	next    http.RoundTripper
	status  int
	refused int64
	read    bool // the reply could be read
}

// RoundTrip sends a request and reads the reply.
func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	l.status = response.StatusCode
	if l.status < 200 || l.status > 299 {
		return response, nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	_ = response.Body.Close()
	// The client needs nothing more of it.
	response.Body, response.ContentLength = http.NoBody, 0
	if err != nil || len(body) > maxReply {
		return response, nil
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "application/x-protobuf" {
		// A collector that only says yes is one that kept everything.
		l.read = len(bytes.TrimSpace(body)) == 0 || kind == "application/json" && bytes.Equal(bytes.TrimSpace(body), []byte("{}"))
		return response, nil
	}
	var reply colpb.ExportTraceServiceResponse
	if proto.Unmarshal(body, &reply) == nil {
		l.refused, l.read = reply.GetPartialSuccess().GetRejectedSpans(), true
	}
	return response, nil
}
