package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/durable"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/store"
)

// A node that was restored from a backup does not know whether its ledger had
// grown since. If it went on from there, it would sign a second history. So it
// writes nothing until its partners have said what they have seen of it: when
// nobody has seen more, it goes on; when somebody has, the ledger must continue
// under another name, see [ContinueLedger]. A node of which a partner shows more while it
// runs (vouch.go) comes to stand there as well.

// RecallProtocol is how a node asks what was seen of its ledger, see
// docs/protocol/30-ledger.md.
const RecallProtocol = "/sluis/recall/1"

// maxRecall is room for two checkpoints and for what is named.
const maxRecall = 2*ledger.MaxCheckpoint + recallMost*400

// maxAnswered is how many bytes of checkpoints an answer has at most.
const maxAnswered = 2 * ledger.MaxCheckpoint

// A recall is what a party has seen of the asker's ledger: signed checkpoints,
// the asker's own.
type recall struct {
	Seen []string `json:"seen"`
	// Since is what was exchanged since the moment that was asked about.
	Since []Missing `json:"since,omitempty"`
	Code  string    `json:"code,omitempty"`
}

// serveRecall answers with the newest checkpoints that were seen of the ledger of
// who asks, checked or not.
func (n *Node) serveRecall(_ context.Context, from string, request []byte) ([]byte, error) {
	r, err := n.recallOf(from, request)
	if err != nil {
		code, _ := classify(err)
		r = recall{Code: code}
	}
	return json.Marshal(r)
}

func (n *Node) recallOf(peer string, request []byte) (recall, error) {
	f := n.force.Load()
	if f.register == nil {
		return recall{}, fault(NoRegister)
	}
	party, ok := f.register.ByPeer(peer)
	if !ok {
		return recall{}, fault(UnknownParty)
	}
	n.vouching.there(party.OIN)
	name := origin(party.Checkpoint)
	var r recall
	var asked recallQuestion
	if crypto.StrictJSON(request, 2) == nil && json.Unmarshal(request, &asked) == nil {
		if asked.Ledger > 0 { // of its own that it names: the register may be newer than what asks
			name = numbered(party.OIN, asked.Ledger)
		}
		if asked.Since > 0 {
			var err error
			if r.Since, err = n.exchangedWith(party.OIN, time.Unix(asked.Since, 0)); err != nil {
				return recall{}, err
			}
		}
	}
	held, _, err := n.holding(name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return recall{}, err
	}
	newest, err := n.newestSeen(name)
	if err != nil {
		return recall{}, err
	}
	seen := []string{newest, held.Note}
	for _, s := range n.watch.told(party.OIN) { // by others, and only here so far
		if s.checkpoint.Origin == name {
			seen = append(seen, s.Note)
		}
	}
	room := maxAnswered
	for _, note := range seen {
		if room -= len(note); note != "" && room >= 0 && len(r.Seen) < mostShown {
			r.Seen = append(r.Seen, note)
		}
	}
	return r, nil
}

// newestSeen is the largest checkpoint of a ledger that waits to be checked, or "".
func (n *Node) newestSeen(name string) (note string, err error) {
	for after := name + "+"; ; {
		rows, err := n.store.List(tableSighting, after, maxPage)
		if err != nil {
			return "", err
		}
		for _, row := range rows {
			if !strings.HasPrefix(row.Key, name+"+") {
				return note, nil
			}
			s, err := decodeSighting(row.Value, row.Version)
			if err != nil {
				return "", err
			}
			note, after = s.Note, row.Key
		}
		if len(rows) < maxPage {
			return note, nil
		}
	}
}

// A Recovery is how far a restored node has come.
type Recovery struct {
	Asked   int            // parties that said what they have seen
	Waiting []exchange.OIN // partners that did not answer yet
	Seen    uint64         // entries in the largest ledger that somebody has seen
	Size    uint64         // entries in the backup
	// Missing are the messages of which partners have evidence and we have none.
	Missing []Missing
	Forked  bool // what somebody has seen is not the beginning of what was restored
	// Unread are partners that have seen this ledger under a key that the backup does
	// not have, and something that it does not hold.
	Unread []exchange.OIN
}

// Behind reports whether what is here is an old copy of a ledger that has gone on.
func (r Recovery) Behind() bool { return r.Seen > r.Size || r.Forked }

// MayResume reports whether nobody has seen more, or anything else.
func (r Recovery) MayResume() bool {
	return len(r.Waiting) == 0 && len(r.Unread) == 0 && !r.Behind()
}

// recall asks every party of the register what it has seen of our ledger. Those
// with which the restored ledger had to do must answer. Of the others the backup
// knows nothing, and yet they may have seen more: they are waited for while
// [recallGrace] lasts, so that a connection that fails once starts no second history.
// What proves that there was more counts for good, also when who showed it is down by now.
func (n *Node) recall(ctx context.Context) (r Recovery, err error) {
	r.Size = n.store.Size()
	if _, err := r.hold(n, n.store.Shown()); err != nil {
		return r, err
	}
	known := map[exchange.OIN]bool{}
	if err := n.holdings(func(_ string, h holding) error { known[h.Party] = true; return nil }); err != nil {
		return r, err
	}
	f := n.force.Load()
	if f.register == nil {
		return r, nil // nothing was ever exchanged
	}
	since, err := n.since()
	if err != nil {
		return r, err
	}
	var all []Missing
	for _, p := range f.register.Parties() {
		if p.OIN == n.id.OIN {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, attemptTime)
		said, err := n.askSeen(ctx, p, recallQuestion{Since: max(since.Unix(), 0)})
		cancel()
		if err != nil {
			if known[p.OIN] || n.now().Sub(n.started) < recallGrace { // whatever its ledger is called by now
				r.Waiting = append(r.Waiting, p.OIN)
			}
			continue
		}
		r.Asked++
		all = append(all, named(said.Since, p.OIN)...)
		for _, note := range said.Seen {
			unread, err := r.hold(n, note)
			if err != nil {
				return r, err
			}
			if unread && !slices.Contains(r.Unread, p.OIN) {
				r.Unread = append(r.Unread, p.OIN)
			}
		}
	}
	r.Missing, err = n.nameMissing(all, since)
	return r, err
}

// hold takes into account what somebody showed, and keeps it when it proves that more
// was seen: it counts also when he is down by the next time that all are asked. It
// reports whether no known key has signed it.
func (r *Recovery) hold(n *Node, note string) (unread bool, err error) {
	if note == "" {
		return false, nil
	}
	what, c, err := n.holdAgainst([]byte(note))
	if err != nil || what == isUnread {
		return what == isUnread, err
	}
	r.Seen = max(r.Seen, c.Size)
	if what == isProof {
		r.Forked = r.Forked || c.Size <= r.Size
		return false, n.store.Hold([]byte(note))
	}
	return false, nil
}

// unreadButOurs reports whether a checkpoint bears the name of our ledger, no key of
// ours signed it, and the ledger that was restored does not hold it: it may be signed
// with a key that was made after the backup. Somebody who makes such a thing up holds
// us up no more than one who does not answer.
func (n *Node) unreadButOurs(signed string) (bool, error) {
	text, _, ok := strings.Cut(signed, "\n\n")
	if !ok || !strings.HasPrefix(text, n.id.origin()+"\n") {
		return false, nil
	}
	c, err := ledger.ParseCheckpoint(text + "\n")
	if err != nil {
		return true, nil
	}
	if c.Size > n.store.Size() {
		return true, nil
	}
	own, err := n.store.CheckpointAt(c.Size)
	if err != nil {
		return false, err
	}
	same, err := n.openOwn(own)
	return same.Root != c.Root, err
}

// says is what the log tells of a recovery: again only when it changed.
func (r Recovery) says() [5]any {
	return [5]any{r.Size, r.Seen, len(r.Waiting), r.Forked, len(r.Unread)}
}

// recover is the duty of a restored node: ask, and go on when that is safe. What
// became due since the backup is destroyed before anybody is served.
func (n *Node) recover(ctx context.Context) time.Time {
	if !n.store.Recovering() {
		return n.now().Add(recoverLater)
	}
	r, err := n.recall(ctx)
	before := n.recovery.Swap(&r)
	switch {
	case err != nil:
		n.log.Error("the partners could not be asked what they have seen of the ledger", "error", err.Error())
	case !r.MayResume() && before != nil && r.says() == before.says(): // it was said
	case !r.MayResume():
		n.log.Error("restored, and not released", "entries", r.Size, "seen elsewhere", r.Seen, "partners that did not answer", len(r.Waiting), "other history", r.Forked, "seen under another key", len(r.Unread))
	default:
		err := n.resume(ctx, r)
		if err == nil {
			n.log.Info("the ledger goes on after a restore", "entries", r.Size, "asked", r.Asked)
			return n.now().Add(recoverLater)
		}
		n.log.Error("the ledger does not go on", "error", err.Error())
	}
	return n.now().Add(recoverAgain)
}

const (
	recallGrace  = 10 * time.Minute
	recoverAgain = 10 * time.Second
	recoverLater = 365 * 24 * time.Hour // a node that runs is not restored
)

func (n *Node) resume(ctx context.Context, r Recovery) error {
	entry, err := n.entryOf(ctx, exchange.Event{
		Kind: exchange.LedgerRecovered, At: n.now(), Detail: exchange.Detail{Code: "nobody-saw-more", Count: r.Asked},
	}, wire.Digest{})
	if err != nil {
		return err
	}
	if err := n.store.Resume(); err != nil {
		return err
	}
	if _, err := n.store.Write(ctx, store.Change{Dossier: store.NodeDossier, Record: []store.Event{entry}}); err != nil {
		return err
	}
	_, err = n.Sweep(ctx)
	n.recovery.Store(nil)
	return errors.Join(err, n.expectVouchers(n.force.Load().register))
}

// Recovery tells how far a restored node has come, or nil when it is not one.
func (n *Node) Recovery() *Recovery { return n.recovery.Load() }

// ContinueLedger gives the ledger of a restored node another name, when others
// have seen more of it than the backup holds: it can't be had back, and nothing
// may be signed that contradicts it. The node must not run. Its new entry (sluis
// keys show) has to come into the register; partners keep what they hold of the
// old name as evidence of what was lost.
func ContinueLedger(dir string, o Options) (name string, err error) {
	id, config, keys, err := readDir(dir, o.Lock)
	if err != nil {
		return "", err
	}
	waiting, err := store.IsRecovering(filepath.Join(dir, storeDir))
	if err != nil {
		return "", err
	}
	if !waiting {
		return "", fault(NotRestored)
	}
	from, err := storeOptions(id, config, keys, o)
	if err != nil {
		return "", err
	}
	id.Ledger = max(id.Ledger, 1) + 1
	to, err := storeOptions(id, config, keys, o)
	if err != nil {
		return "", err
	}
	if err := store.Rename(filepath.Join(dir, storeDir), from, to); err != nil {
		return "", err
	}
	text, err := id.encode()
	if err != nil {
		return "", err
	}
	return id.origin(), durable.Replace(filepath.Join(dir, identityFile), text, 0o600)
}

// origin is the name of the node's ledger: that of the party, and from its second
// ledger on the number behind it.
func (i Identity) origin() string { return numbered(i.OIN, i.Ledger) }

func numbered(oin exchange.OIN, ledger int) string {
	if ledger < 2 {
		return Origin(oin)
	}
	return fmt.Sprintf("%s/%d", Origin(oin), ledger)
}

// Recovering reports whether the node was restored and writes nothing yet.
func (n *Node) Recovering() bool { return n.store.Recovering() }
