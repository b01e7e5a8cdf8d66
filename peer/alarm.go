package peer

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/store"
)

// A Finding is what is wrong with a partner's ledger.
type Finding string

// The findings. Each is proved by what the partner himself has signed.
const (
	// TwoRoots: two checkpoints of one size have different roots.
	TwoRoots Finding = "two-roots"
	// ProofFails: he answered that one checkpoint is the beginning of another,
	// with a proof that does not prove it.
	ProofFails Finding = "proof-fails"
	// Shorter: asked about a checkpoint of his, he answered that his newest one
	// is smaller.
	Shorter Finding = "shorter"
)

// An Alarm is the evidence that a ledger contradicts itself. As JSON it is
// complete: who has it and the keys of the party from the register can check it
// without this node, see [Alarm.Check]. It holds nothing personal.
type Alarm struct {
	ID     exchange.ID  `json:"id"`
	At     time.Time    `json:"at"`
	Found  Finding      `json:"found"`
	Party  exchange.OIN `json:"party"`
	Origin string       `json:"origin"`
	First  Shown        `json:"first"`  // what was known
	Second Shown        `json:"second"` // what contradicts it
	// Answer is the signed statement (JWS) in which the party said so, and Signer
	// the key that signed it; absent when the two checkpoints are enough.
	Answer   string      `json:"answer,omitempty"`
	Signer   *crypto.JWK `json:"signer,omitempty"`
	Register uint64      `json:"register"` // version in force, which lists the keys
	// Witness is the party whose node found it.
	Witness exchange.OIN `json:"witness"`
}

// Shown is a checkpoint as somebody showed it.
type Shown struct {
	Note string       `json:"note"` // signed checkpoint (C2SP signed-note)
	Key  string       `json:"key"`  // verifier key of the ledger
	Size uint64       `json:"size"`
	From exchange.OIN `json:"from"` // who showed it
}

func shown(s sighting) Shown {
	return Shown{Note: s.Note, Key: s.Key, Size: s.checkpoint.Size, From: s.From}
}

// A contradiction is what was found and what shows it.
type contradiction struct {
	found         Finding
	first, second sighting
	answer        *wire.Consistency
}

// alarm adds an alarm to a change: the evidence, and an entry that says so. One
// alarm of each kind is kept of a ledger: what was checked is not replaced after
// that, so a second one would show the same.
func (n *Node) alarm(c *store.Change, x contradiction) error {
	name := origin(x.second.Key)
	key := name + "+" + string(x.found)
	if _, _, err := n.store.Get(tableAlarm, key); err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	f := n.force.Load()
	party, ok := f.register.Party(x.second.Party)
	if !ok {
		return fault(UnknownParty)
	}
	a := Alarm{
		ID: newID(), At: n.now().UTC(), Found: x.found, Party: party.OIN, Origin: name, First: shown(x.first), Second: shown(x.second),
		Register: f.register.Version(), Witness: n.id.OIN,
	}
	message := []byte(x.second.Note)
	if x.answer != nil {
		signer, ok := f.register.Key(x.answer.KeyID)
		if !ok {
			return fault(UnknownParty)
		}
		jwk := crypto.PublicJWK(signer.Public)
		a.Answer, a.Signer, message = string(x.answer.Token), &jwk, x.answer.Token
	}
	value, err := json.Marshal(a)
	if err != nil {
		return err
	}
	part, err := json.Marshal(exchange.PrivatePart{Register: a.Register, Detail: exchange.Detail{Code: string(x.found)}})
	if err != nil {
		return err
	}
	c.Puts = append(c.Puts, store.Record{Table: tableAlarm, Key: key, Value: value, Node: true})
	c.Record = append(c.Record, store.Event{
		Kind: string(exchange.LedgerAlarm), Party: partnerID(party), Message: ledger.DigestOf(message), Private: part,
	})
	return nil
}

// raise records an alarm that no other act brings with it.
func (n *Node) raise(ctx context.Context, x contradiction) error {
	c := store.Change{Dossier: store.NodeDossier}
	if err := n.alarm(&c, x); err != nil || len(c.Record) == 0 {
		return err
	}
	// Whoever asked may be gone by now; that is no reason to lose evidence.
	if _, err := n.store.Write(context.WithoutCancel(ctx), c); err != nil && !errors.Is(err, store.ErrOvertaken) {
		return err
	}
	n.tellAlarms(c)
	return nil
}

// tellAlarms writes what a change that was applied says of alarms to the log.
func (n *Node) tellAlarms(c store.Change) {
	for _, e := range c.Record {
		if e.Kind == string(exchange.LedgerAlarm) {
			n.log.Error("the ledger of a partner contradicts itself; sluis ledger alarms shows the evidence", "party", e.Party)
		}
	}
}

// Alarms lists the alarms by origin.
func (n *Node) Alarms() ([]Alarm, error) { return n.alarmsOf("") }

// alarmsOf lists the alarms of one ledger; "" stands for all.
func (n *Node) alarmsOf(name string) ([]Alarm, error) {
	prefix := ""
	if name != "" {
		prefix = name + "+"
	}
	var all []Alarm
	for after := prefix; ; {
		rows, err := n.store.List(tableAlarm, after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if !strings.HasPrefix(row.Key, prefix) {
				return all, nil
			}
			var a Alarm
			if err := json.Unmarshal(row.Value, &a); err != nil {
				return nil, errors.New("an alarm is stored in a form that this version cannot read")
			}
			all, after = append(all, a), row.Key
		}
		if len(rows) < maxPage {
			return all, nil
		}
	}
}

// Check checks the evidence by itself: that what it holds was signed with the
// keys that it names, and that it shows what it is said to show. Whether those are
// the keys of the party is for the register to say. nil means: it is proved.
func (a Alarm) Check() error {
	notProved := errors.New("the evidence does not prove what it says")
	first, err := ledger.OpenCheckpoint([]byte(a.First.Note), a.First.Key)
	if err != nil {
		return err
	}
	second, err := ledger.OpenCheckpoint([]byte(a.Second.Note), a.Second.Key)
	if err != nil {
		return err
	}
	if first.Origin != a.Origin || second.Origin != a.Origin {
		return notProved
	}
	if a.Found == TwoRoots {
		if !ledger.Contradict(first, second) {
			return notProved
		}
		return nil
	}
	if a.Signer == nil {
		return notProved
	}
	c, err := wire.OpenConsistency([]byte(a.Answer), func(string) (ed25519.PublicKey, error) { return a.Signer.Key() })
	if err != nil {
		return err
	}
	if c.From != a.Party || c.KeyID != a.Signer.Kid {
		return notProved
	}
	return a.checkAnswer(c, first, second)
}

func (a Alarm) checkAnswer(c wire.Consistency, first, second ledger.Checkpoint) error {
	notProved := errors.New("the evidence does not prove what it says")
	switch last := len(c.Checkpoints) - 1; a.Found {
	case Shorter:
		for _, size := range c.Sizes {
			if size == first.Size && second.Size < first.Size && c.Checkpoints[last] == a.Second.Note {
				return nil
			}
		}
	case ProofFails:
		for i, proof := range c.Proofs {
			if c.Checkpoints[i] != a.First.Note || c.Checkpoints[i+1] != a.Second.Note {
				continue
			}
			if ledger.CheckConsistency(hashes(proof), first.Size, first.Root, second.Size, second.Root) != nil {
				return nil
			}
		}
	}
	return notProved
}

// hashes are the hashes of a proof whose form was checked.
func hashes(raw [][]byte) []ledger.Hash {
	all := make([]ledger.Hash, len(raw))
	for i, h := range raw {
		copy(all[i][:], h)
	}
	return all
}
