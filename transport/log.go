package transport

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/libp2p/go-libp2p/gologshim"
)

// quietBuffers is the variable with which quic-go says nothing about buffers.
const quietBuffers = "QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING"

// redirectLogs sends what libp2p logs to log instead of to the standard error.
//
// libp2p has one destination for the whole process and fixes it per subsystem
// at the first line of that subsystem, so with several hosts in one process its
// lines go to the log of one of them. quic-go has no logger: it prints a line
// about UDP buffers with the standard library's log package, once, unless this
// variable is set. docs/protocol/40-transport.md tells operators about buffers.
func redirectLogs(log *slog.Logger) {
	gologshim.SetDefaultHandler(discreet{log.Handler()})
	_ = os.Setenv(quietBuffers, "true") // fails only for a name that is not one
}

// discreet passes on warnings and errors of libp2p with the peer and protocol
// they are about. It drops everything else: texts of errors and addresses say
// more about strangers than a log should hold.
type discreet struct{ to slog.Handler }

// Enabled implements slog.Handler.
func (d discreet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && d.to.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (d discreet) Handle(ctx context.Context, r slog.Record) error {
	kept := slog.NewRecord(r.Time, r.Level, "libp2p: "+r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		kept.AddAttrs(keep([]slog.Attr{a})...)
		return true
	})
	return d.to.Handle(ctx, kept)
}

// WithAttrs implements slog.Handler.
func (d discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return discreet{d.to.WithAttrs(keep(attrs))}
}

// WithGroup implements slog.Handler.
func (d discreet) WithGroup(name string) slog.Handler { return discreet{d.to.WithGroup(name)} }

// keep is what may be logged of attrs, as text.
func keep(attrs []slog.Attr) []slog.Attr {
	var kept []slog.Attr
	for _, a := range attrs {
		switch a.Key {
		case "logger", "peer", "remote_peer", "protocol":
			kept = append(kept, slog.String(a.Key, fmt.Sprint(a.Value.Any())))
		}
	}
	return kept
}
