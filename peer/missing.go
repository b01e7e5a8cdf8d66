package peer

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluis/durable"
	"sluis/exchange"
	"sluis/ledger"
)

// A Missing is a message that a partner exchanged with this node after the backup
// from which it was restored: its ledger and its evidence have it, ours have not.
// It holds nothing personal.
type Missing struct {
	Party    string    `json:"party"`    // "OIN:capacity" of the partner, as its entry has it
	Exchange string    `json:"exchange"` // or conference
	Kind     string    `json:"kind"`     // of the partner's entry: request-issued is one that it asked, answer-received one that it got
	At       time.Time `json:"at"`       // of that entry
	Message  string    `json:"message"`  // SHA-256, hexadecimal
}

// missingFile lists in the directory of a restored node what is missing. The node
// never removes it: whoever made the messages good does.
const missingFile = "missing.json"

const (
	// recallMargin is how long before the last entry of the backup the partner
	// begins to look: the clocks differ.
	recallMargin = time.Hour
	// recallDepth is how many entries a partner looks back at most, and recallMost
	// how many messages it names.
	recallDepth = 100_000
	recallMost  = 1000
	// messageAge is how old a message can be when it arrives.
	messageAge = 400 * 24 * time.Hour
)

// A recallQuestion is what a node asks of its ledger; without Since nothing is named.
// The protocol carries 16 bytes, and a node of an earlier version takes no more.
type recallQuestion struct {
	Since int64 `json:"s,omitempty"` // seconds since 1970
	// Ledger is the number of the asker's ledger that it asks about; without it, the
	// one that the register lists.
	Ledger int `json:"l,omitempty"`
}

// eachBack calls do with the entries of the ledger from the last one back, until
// it returns false.
func (n *Node) eachBack(do func(ledger.Entry) bool) error {
	for end := n.store.Size(); end > 0; {
		from := end - min(end, maxPage)
		page, err := n.Entries(from, int(end-from))
		if err != nil {
			return err
		}
		if uint64(len(page)) != end-from {
			return errors.New("the ledger could not be read back")
		}
		for _, e := range slices.Backward(page) {
			if !do(e) {
				return nil
			}
		}
		end = from
	}
	return nil
}

// exchangedWith names what was exchanged with a party since a moment, the newest
// first. What still waits for it in the outbox arrives by itself.
func (n *Node) exchangedWith(oin exchange.OIN, since time.Time) (all []Missing, err error) {
	waits := map[ledger.Digest]bool{}
	for after := ""; ; {
		page, err := n.store.Outbox(after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, out := range page {
			after = out.ID
			if digest, _, err := kept(out); err == nil {
				waits[ledger.Digest(digest)] = true
			}
		}
		if len(page) < maxPage {
			break
		}
	}
	if oldest := n.now().Add(-messageAge); since.Before(oldest) {
		since = oldest // who asks for more makes us read for nothing
	}
	looked := 0
	err = n.eachBack(func(e ledger.Entry) bool {
		looked++
		if e.Time.Before(since) || looked > recallDepth || len(all) == recallMost {
			return false
		}
		issued, received := strings.HasSuffix(e.Kind, "-issued"), strings.HasSuffix(e.Kind, "-received") && e.Kind != string(exchange.ReceiptReceived)
		if (issued || received) && e.Message != (ledger.Digest{}) && !waits[e.Message] && strings.HasPrefix(e.Party, string(oin)+":") {
			all = append(all, Missing{Party: e.As, Exchange: e.Exchange, Kind: e.Kind, At: e.Time, Message: hex.EncodeToString(e.Message[:])})
		}
		return true
	})
	return all, err
}

// unknownHere are those of the messages that partners named which this ledger does not
// have.
func (n *Node) unknownHere(named []Missing, since time.Time) ([]Missing, error) {
	if len(named) == 0 {
		return nil, nil
	}
	known := map[string]bool{}
	err := n.eachBack(func(e ledger.Entry) bool {
		known[hex.EncodeToString(e.Message[:])] = true
		return e.Time.After(since.Add(-messageAge))
	})
	return slices.DeleteFunc(named, func(m Missing) bool { return known[m.Message] }), err
}

// since is from when on partners are asked what was exchanged: shortly before the
// last entry of the backup.
func (n *Node) since() (time.Time, error) {
	size := n.store.Size()
	if size == 0 {
		return time.Time{}, nil
	}
	last, err := n.store.Entry(size - 1)
	return last.Time.Add(-recallMargin), err
}

// writeMissing adds what is missing to what was found before, tells the log what is
// new, and returns all of it.
func (n *Node) writeMissing(found []Missing) ([]Missing, error) {
	path := filepath.Join(n.dir, missingFile)
	all, err := readMissing(n.dir)
	if err != nil {
		return nil, err
	}
	have, of := map[string]bool{}, map[string]int{}
	for _, m := range all {
		have[m.Message] = true
		of[m.Party]++
	}
	before := len(all)
	for _, m := range found {
		// One that invents fills neither the disk nor the log.
		if !have[m.Message] && of[m.Party] < recallMost {
			of[m.Party]++
			have[m.Message] = true
			all = append(all, m)
			n.log.Warn("a message that came or went after the backup is missing here", "party", m.Party, "kind", m.Kind, "exchange", m.Exchange)
		}
	}
	if len(all) == before {
		return all, nil
	}
	slices.SortFunc(all, func(a, b Missing) int { return a.At.Compare(b.At) })
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return all, durable.Replace(path, append(text, '\n'), 0o600)
}

func readMissing(dir string) (all []Missing, err error) {
	text, err := os.ReadFile(filepath.Join(dir, missingFile)) // #nosec G304 -- in the node's own directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && json.Unmarshal(text, &all) != nil {
		err = errors.New("missing.json is not in the form that it was written in")
	}
	return all, err
}

// named checks what a partner named: it goes to the log and to a file (I5).
func named(all []Missing, by exchange.OIN) []Missing {
	return slices.DeleteFunc(all[:min(len(all), recallMost)], func(m Missing) bool {
		party, err := exchange.ParsePartyID(m.Party)
		_, noID := exchange.ParseID(m.Exchange)
		digest, noHex := hex.DecodeString(m.Message)
		known := slices.Contains(exchange.EventKinds[:], exchange.EventKind(m.Kind))
		return err != nil || party.OIN != by || noID != nil || noHex != nil || len(digest) != len(ledger.Digest{}) || !known
	})
}

// nameMissing takes down what partners named, for a node that was restored.
func (n *Node) nameMissing(all []Missing, since time.Time) ([]Missing, error) {
	found, err := n.unknownHere(all, since)
	if err != nil {
		return nil, err
	}
	return n.writeMissing(found)
}
