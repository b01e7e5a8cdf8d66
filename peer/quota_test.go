package peer_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
)

// asks sends one more request of the forger, and returns the code.
func (f *forger) asks(to *member) (exchange.ID, string) {
	f.t.Helper()
	q, e := question(f.t), f.envelope(exchange.PartyID{OIN: debtHelp.OIN, Capacity: "debts"}, freshID())
	q.ID, q.Case, q.Due = e.Exchange, freshID(), time.Now().Add(24*time.Hour)
	code, _ := f.send(to, f.seal(wire.SignRequest(e, q, f.keys.Signing)))
	return e.Exchange, code
}

// One partner puts no more in our store than a bound; deciding makes room, and
// so does the next day.
func TestOnePartnerDoesNotFillTheStore(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	b := w.members[1]
	b.limit(t, "open_requests = 3\nrequests_per_day = 5\n")
	f := forge(t, w, w.members[0])
	var ids []exchange.ID
	for range 3 {
		id, code := f.asks(b)
		if code != "" {
			t.Fatalf("refused with %s", code)
		}
		ids = append(ids, id)
	}
	_, before := b.node.Checkpoint()
	if _, code := f.asks(b); code != peer.PartnerTooMuch {
		t.Errorf("a fourth that is open: %q", code)
	}
	if _, after := b.node.Checkpoint(); after != before {
		t.Error("refused, and yet the ledger grew")
	}
	if q, err := b.node.Quotas(); err != nil || len(q) != 1 || q[0].Open != 3 || q[0].Requests != 3 || q[0].Bytes == 0 || !q[0].Full {
		t.Errorf("quotas %+v, %v", q, err)
	}
	wants(t, diagnosed(t, b), "partner-quota")
	for _, id := range ids {
		if _, err := b.node.Decide(context.Background(), professional, id, verdict()); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, code := f.asks(b); code != "" {
			t.Errorf("where there is room again: %q", code)
		}
	}
	if _, code := f.asks(b); code != peer.PartnerTooMuch {
		t.Errorf("a sixth of the day: %q", code)
	}
	if q, err := b.node.Quotas(); err != nil || len(q) != 1 || q[0].Open != 2 || q[0].Requests != 5 || !q[0].Full {
		t.Errorf("quotas %+v, %v", q, err)
	}
}

// limit starts the node again with other bounds.
func (m *member) limit(t *testing.T, lines string) {
	t.Helper()
	m.stop()
	path := filepath.Join(m.dir, "sluis.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("[limits]\n"), []byte("[limits]\n"+lines), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start()
}

// A withdrawal is taken once: who withdraws again and again does not make the
// ledger grow.
func TestWithdrawnOnce(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	b := w.members[1]
	f := forge(t, w, w.members[0])
	id, code := f.asks(b)
	if code != "" {
		t.Fatal(code)
	}
	for i := range 3 {
		e := f.envelope(exchange.PartyID{OIN: debtHelp.OIN, Capacity: "debts"}, id)
		e.Follows = requestDigest(t, b, id)
		s, err := wire.SignWithdrawal(e, f.keys.Signing)
		code, _ := f.send(b, f.seal(s, err))
		if want := []string{"", string(exchange.RequestWithdrawn), string(exchange.RequestWithdrawn)}[i]; code != want {
			t.Errorf("withdrawal %d: %q", i+1, code)
		}
	}
	b.wantKinds(id, exchange.RequestReceived, exchange.WithdrawalReceived)
}

// What a partner is refused does not fill the log.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	b := w.members[1]
	b.stop()
	var log syncBuffer
	b.options.Log = slog.New(slog.NewJSONHandler(&log, nil))
	b.start()
	f := forge(t, w, w.members[0])
	for range 200 {
		if code, _ := f.send(b, []byte("hello")); code != wire.MessageNotOpened {
			t.Fatal(code)
		}
	}
	if n := strings.Count(log.String(), "message refused"); n < 1 || n > 30 {
		t.Errorf("%d lines for 200 refusals", n)
	}
}
