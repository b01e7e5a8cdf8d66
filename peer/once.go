package peer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"sluis/exchange"
	"sluis/store"
)

// Once makes that an act is done once, however often it is asked
// (draft-ietf-httpapi-idempotency-key-header).
type Once struct {
	System string            // who chose the key; "" for the node's own door
	Key    string            // as he chose it
	Print  [sha256.Size]byte // of everything that was asked
}

// onceLife is for how long an act is remembered by its key.
const onceLife = 24 * time.Hour

// An Outcome is what an act left: an exchange or a case, as it was right after.
// Nothing in it is personal.
type Outcome struct {
	Request *Summary     `json:"request,omitempty"`
	Case    *CaseSummary `json:"case,omitempty"`
}

// storedOnce is an act as it is remembered, in the dossier of what it was about:
// the print is of what somebody typed, and goes when that does.
type storedOnce struct {
	Print   []byte    `json:"print"`
	At      time.Time `json:"at"`
	Outcome Outcome   `json:"outcome"`
}

// onceKey is the key of a context under which a Once stands, with the version of
// the row that it replaces.
type onceKey struct{}

type remembered struct {
	Once
	was uint64
}

// Done returns what an act left that was done before under the same key. It
// returns nil when there was none, with the context under which to do it now:
// that it was done is then stored in the same commit. Another act under the key
// is refused.
func (n *Node) Done(ctx context.Context, o Once) (context.Context, *Outcome, error) {
	value, version, err := n.store.Get(tableOnce, o.row())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return context.WithValue(ctx, onceKey{}, remembered{o, 0}), nil, nil
	case errors.Is(err, store.ErrNoRecordKey):
		return ctx, nil, fault(Destroyed)
	case err != nil:
		return ctx, nil, err
	}
	var s storedOnce
	if err := json.Unmarshal(value, &s); err != nil {
		return ctx, nil, errors.New("what was done under a key is stored in a form that this version cannot read")
	}
	if !n.now().Before(s.At.Add(onceLife)) {
		return context.WithValue(ctx, onceKey{}, remembered{o, version}), nil, nil
	}
	if subtle.ConstantTimeCompare(s.Print, o.Print[:]) != 1 {
		return ctx, nil, fault(KeyReused)
	}
	return ctx, &s.Outcome, nil
}

// row is where an act is remembered. The key is somebody else's word, so it is
// not written in clear.
func (o Once) row() string {
	sum := sha256.Sum256([]byte(o.System + "\x00" + o.Key))
	return hex.EncodeToString(sum[:])
}

// onceDay is the index key of what was remembered on a day.
func onceDay(t time.Time) string { return "once/" + t.UTC().Format(time.DateOnly) }

// remembering adds to a change that it was done under the key of the context, if
// there is one, and removes some of what was remembered long ago.
func (n *Node) remembering(ctx context.Context, c *store.Change, left Outcome) error {
	o, ok := ctx.Value(onceKey{}).(remembered)
	if !ok {
		return nil
	}
	now := n.now()
	value, err := json.Marshal(storedOnce{Print: o.Print[:], At: now.UTC(), Outcome: left})
	if err != nil {
		return err
	}
	c.Puts = append(c.Puts, store.Record{Table: tableOnce, Key: o.row(), Value: value, Was: o.was, Index: []string{onceDay(now)}})
	if last := n.forgot.Load(); now.Sub(time.UnixMilli(last)) < onceSweep || !n.forgot.CompareAndSwap(last, now.UnixMilli()) {
		return nil
	}
	for day := 2; day < 2+onceDays && len(c.Deletes) < onceForget; day++ {
		rows, err := n.store.ByIndex(onceDay(now.AddDate(0, 0, -day)))
		if err != nil {
			return err
		}
		for _, row := range rows[:min(len(rows), onceForget-len(c.Deletes))] {
			if row.Key != o.row() {
				c.Deletes = append(c.Deletes, store.Deletion{Table: row.Table, Key: row.Key, Was: row.Version})
			}
		}
	}
	return nil
}

const (
	onceSweep  = time.Minute // between two looks for what can be forgotten
	onceDays   = 14          // that are looked at; of what is older the dossier takes care
	onceForget = 200         // rows that one act removes
)

// leftOf is what an act of an exchange left.
func leftOf(x exchange.Exchange) Outcome {
	s := SummaryOf(x)
	return Outcome{Request: &s}
}
