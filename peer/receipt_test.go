package peer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/peer"
)

// A receipt is evidence of what it says. One that proves an entry of another
// kind, purpose or time, or one with nothing in it, is none.
func TestReceiptThatProvesSomethingElse(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	keys := keysOf(t, b)
	origin := peer.Origin(debtHelp.OIN)
	signer, err := ledger.NewSigner(origin, keys.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	lies := []func(*ledger.Header, *[]byte){
		func(h *ledger.Header, _ *[]byte) { h.Kind = string(exchange.Viewed) },
		func(h *ledger.Header, _ *[]byte) { h.Purpose = ledger.None },
		func(h *ledger.Header, _ *[]byte) { h.Purpose = "handover/coordinator" },
		func(h *ledger.Header, _ *[]byte) { h.Time = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC) },
		func(h *ledger.Header, _ *[]byte) { h.Time = h.Time.AddDate(1, 0, 0) },
		func(_ *ledger.Header, private *[]byte) { *private = nil },
	}
	var mu sync.Mutex
	tried := 0
	impostor(t, w, b, keys, func(_ context.Context, _ string, request []byte) ([]byte, error) {
		mu.Lock()
		lie := func(*ledger.Header, *[]byte) {}
		if tried < len(lies) {
			lie = lies[tried]
		}
		tried++
		mu.Unlock()
		token, err := wire.Unseal(request, keys.Sealing)
		if err != nil {
			return nil, err
		}
		m, err := wire.Read(token, []exchange.PartyID{{OIN: debtHelp.OIN, Capacity: "debts"}}, w.auth.last, time.Now())
		if err != nil {
			return nil, err
		}
		h, private := ledger.Header{
			Time: time.Now().UTC().Truncate(time.Millisecond), Kind: string(exchange.RequestReceived), Exchange: string(m.Exchange),
			Party: m.From.String(), As: m.To.String(), Purpose: string(m.Request.Purpose), Message: ledger.Digest(m.Digest), Key: string(m.Exchange),
		}, []byte("sealed")
		lie(&h, &private)
		raw, err := ledger.Seal(h, private).Marshal()
		if err != nil {
			return nil, err
		}
		tree := &ledger.Tree{}
		tree.Append(ledger.LeafHash(raw))
		note, err := ledger.SignCheckpoint(ledger.Checkpoint{Origin: origin, Size: 1, Root: tree.Root()}, signer)
		if err != nil {
			return nil, err
		}
		s, err := wire.SignReceipt(wire.Envelope{
			ID: uuid.Must(uuid.NewV7()).String(), From: m.To, To: m.From, Exchange: m.Exchange, Follows: m.Digest, At: time.Now(), Expires: time.Now().Add(time.Hour),
		}, wire.Evidence{Entry: raw, Checkpoint: note}, keys.Signing)
		if err != nil {
			return nil, err
		}
		sealed, err := wire.Seal(s, w.auth.last.Recipients(municipality.OIN))
		if err != nil {
			return nil, err
		}
		return json.Marshal(map[string][]byte{"receipt": sealed})
	})
	x, err := ask(context.Background(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Delivered)
	mu.Lock()
	defer mu.Unlock()
	if tried != len(lies)+1 {
		t.Errorf("delivered with receipt %d, want the one after %d lies", tried, len(lies))
	}
}

// I5: what the other node answers is logged, stored and listed by our words
// only; it can't write a number of a person there.
func TestCodeOfAnotherIsNotBelieved(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	a.stop()
	var log syncBuffer
	a.options.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a.start()
	impostor(t, w, b, keysOf(t, b), func(context.Context, string, []byte) ([]byte, error) { return []byte(`{"code":"999993847"}`), nil })
	x, err := ask(context.Background(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Rejected)
	if s, err := a.node.Status(context.Background(), x.ID, ""); err != nil || s.Rejected != peer.UnknownCode {
		t.Errorf("listed as %q, %v", s.Rejected, err)
	}
	if strings.Contains(log.String(), "999993847") {
		t.Error("it stands in the log")
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
