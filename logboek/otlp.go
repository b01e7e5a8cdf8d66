package logboek

import (
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// A Resource says which system the records come from (§3.2.2.8), in the words
// of OpenTelemetry's conventions.
type Resource struct {
	Version  string // service.version
	Instance string // service.instance.id: the OIN of the organisation
}

// spans are the records as OTLP has them. They are made here and not by the
// OpenTelemetry SDK: that draws IDs and times of its own, and drops spans when
// its queue is full.
func (r Resource) spans(records []Record) []*tracepb.ResourceSpans {
	spans := make([]*tracepb.Span, len(records))
	for i, record := range records {
		spans[i] = record.span()
	}
	return []*tracepb.ResourceSpans{{
		Resource: &resourcepb.Resource{Attributes: attributes(
			"service.name", "sluis", "service.version", r.Version, "service.instance.id", r.Instance,
		)},
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: &commonpb.InstrumentationScope{Name: "sluis/logboek"}, Spans: spans}},
	}}
}

func (r Record) span() *tracepb.Span {
	s := &tracepb.Span{
		TraceId: r.Trace[:], SpanId: r.Span[:], Name: r.Name, Kind: tracepb.Span_SPAN_KIND_INTERNAL,
		// The standard counts milliseconds, OTLP nanoseconds.
		StartTimeUnixNano: uint64(r.Start.UnixMilli()) * 1e6, EndTimeUnixNano: uint64(r.End.UnixMilli()) * 1e6,
		Attributes: attributes(
			"dpl.core.processing_activity_id", r.Activity,
			"dpl.core.data_subject_id", r.Subject,
			"dpl.core.data_subject_id_type", r.SubjectType,
			"dpl.core.foreign_operation.processor", r.Processor,
			"exception.type", r.Fault,
		),
	}
	if r.Parent != [8]byte{} {
		s.ParentSpanId = r.Parent[:]
	}
	switch r.Status {
	case Ok:
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_OK}
	case Error:
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	return s
}

// attributes makes a list of names and values; a value that is empty is left
// out.
func attributes(pairs ...string) (list []*commonpb.KeyValue) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, &commonpb.KeyValue{Key: pairs[i], Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: pairs[i+1]}}})
		}
	}
	return list
}
