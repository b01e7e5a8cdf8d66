package peer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
	"sluis/store"
)

// WitnessProtocol is how two nodes witness each other's ledger, see
// docs/protocol/30-ledger.md.
const WitnessProtocol = "/sluis/witness/1"

const (
	// roundTime bounds a round: a few questions and a cosignature.
	roundTime = 2 * time.Minute
	// maxAsks is how many questions one round asks. What it has checked is
	// removed in one change, and a change of more rows does not fit in the store.
	maxAsks = 3
	// maxBacklog is how many sightings a round takes: each question names, beside
	// them, the checkpoint that was checked last.
	maxBacklog = maxAsks * (wire.MaxSizes - 1)
)

// A witnessReply is what comes back on the witness protocol: a signed statement,
// nothing, or why not.
type witnessReply struct {
	Answer string `json:"answer,omitempty"`
	Code   string `json:"code,omitempty"`
	Retry  bool   `json:"retry,omitempty"`
}

// round looks at the ledger of one partner and tells the watch how it went.
func (n *Node) round(ctx context.Context, oin exchange.OIN) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	told := n.watch.told(oin)
	backlog, err := n.witness(ctx, oin, told)
	if err != nil {
		code, _ := classify(err)
		if code == Internal {
			code = err.Error()
		}
		n.log.Debug("ledger of a partner not checked yet", "party", string(oin), "error", code)
	}
	n.watch.done(oin, err == nil, backlog, len(told), n.now())
}

// witness asks a partner to show that all that was seen of its ledger is the
// beginning of what it is now; checks it; and when it holds, cosigns it, keeps
// it, and hands over the cosignature. When it does not hold, the evidence is kept
// and an alarm raised, and what was held before stays. A ledger with an alarm is
// not cosigned again: its party has to continue under another name.
func (n *Node) witness(ctx context.Context, oin exchange.OIN, told []sighting) (backlog bool, err error) {
	f, err := n.current()
	if err != nil {
		return false, err
	}
	party, ok := f.register.Party(oin)
	if !ok {
		return false, fault(UnknownParty)
	}
	if err := n.vouched(ctx, party); err != nil {
		return false, err
	}
	name := origin(party.Checkpoint)
	if alarms, err := n.alarmsOf(name); err != nil || len(alarms) > 0 {
		return false, err
	}
	held, was, err := n.holding(name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	waiting, backlog, err := n.backlog(name, maxBacklog)
	if err != nil {
		return false, err
	}
	seen := slices.Clone(waiting)
	for _, s := range told {
		if origin(s.Key) == name {
			seen = append(seen, s)
		}
	}
	tip, found, err := n.follow(ctx, f, party, held.sighting, seen)
	if err != nil {
		return false, err
	}
	if found != nil {
		return false, n.raise(ctx, *found)
	}
	return backlog, n.cosign(ctx, party, tip, was, waiting)
}

// follow asks until everything that was seen of a ledger has been checked, and
// returns its newest checkpoint, or what contradicts it.
func (n *Node) follow(ctx context.Context, f *inForce, party register.Party, held sighting, seen []sighting) (tip sighting, found *contradiction, err error) {
	tip = held
	for first := true; first || len(seen) > 0; first = false {
		room := wire.MaxSizes
		var known []sighting
		if tip.Note != "" {
			known = append(known, tip)
			room--
		}
		next := min(room, len(seen))
		known, found = inOrder(append(known, seen[:next]...))
		if found != nil {
			return tip, found, nil
		}
		seen = seen[next:]
		answer, err := n.askConsistency(ctx, f, party, known)
		if err != nil {
			return tip, nil, err
		}
		if tip, found, err = examine(known, answer, party); found != nil || err != nil {
			return tip, found, err
		}
	}
	return tip, nil, nil
}

// inOrder sorts sightings by size and leaves one of each size. Two of one size
// with different roots are a contradiction.
func inOrder(seen []sighting) ([]sighting, *contradiction) {
	slices.SortStableFunc(seen, func(a, b sighting) int { return cmp.Compare(a.checkpoint.Size, b.checkpoint.Size) })
	var one []sighting
	for _, s := range seen {
		if last := len(one) - 1; last >= 0 && one[last].checkpoint.Size == s.checkpoint.Size {
			if ledger.Contradict(one[last].checkpoint, s.checkpoint) {
				return nil, &contradiction{found: TwoRoots, first: one[last], second: s}
			}
			continue
		}
		one = append(one, s)
	}
	return one, nil
}

// askConsistency asks a partner about the states of its ledger that are known,
// and tells it what is held of the ledgers of others.
func (n *Node) askConsistency(ctx context.Context, f *inForce, party register.Party, known []sighting) (wire.Consistency, error) {
	w := wire.Witnessing{Nonce: string(newID(n.now()))}
	for _, s := range known {
		w.Sizes = append(w.Sizes, s.checkpoint.Size)
	}
	var err error
	if w.Told, err = n.toTell(party.OIN); err != nil {
		return wire.Consistency{}, err
	}
	r, err := n.sendWitnessing(ctx, party, w)
	if err != nil {
		return wire.Consistency{}, err
	}
	now := n.now()
	c, err := wire.ReadConsistency([]byte(r.Answer), party.OIN, n.id.OIN, w.Nonce, f.register, now)
	var wrong *wire.Fault
	if err == nil || errors.As(err, &wrong) && wrong.Code == wire.MessageClock {
		n.readClock(party.OIN, c.At)
	}
	if err == nil && !slices.Equal(c.Sizes, w.Sizes) {
		err = fault(BadConsistency)
	}
	return c, err
}

// sendWitnessing is one exchange on the witness protocol. A refusal is a fault
// with the code of the other node.
func (n *Node) sendWitnessing(ctx context.Context, party register.Party, w wire.Witnessing) (witnessReply, error) {
	request, err := w.Encode()
	if err != nil {
		return witnessReply{}, err
	}
	raw, err := n.network.Send(ctx, party.Peer, WitnessProtocol, request)
	if err != nil {
		return witnessReply{}, err
	}
	var r witnessReply
	if crypto.StrictJSON(raw, 4) != nil || json.Unmarshal(raw, &r) != nil {
		return witnessReply{}, fault(BadReply)
	}
	if r.Code != "" {
		return witnessReply{}, &Fault{Code: knownCode(r.Code), Retry: r.Retry}
	}
	return r, nil
}

// toTell picks what is held of other ledgers, to be told to a partner: he can't
// be shown another history than we are without either of us finding out.
func (n *Node) toTell(to exchange.OIN) ([]string, error) {
	if !n.config.Witness.Gossip {
		return nil, nil
	}
	var all []string
	err := n.holdings(func(_ string, h holding) error {
		if h.Party != to && h.Note != "" && len(h.Note) <= maxToldNote {
			all = append(all, h.Note)
		}
		return nil
	})
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(len(all), wire.MaxTold)], err
}

// maxToldNote is the longest checkpoint that is told; one with the ledger's own
// signature only is some 300 bytes.
const maxToldNote = 1 << 10

// examine checks a signed answer against what is known of a ledger, by rising
// size. It returns the newest checkpoint; or what contradicts it; or a fault for
// an answer that is not in order and proves nothing either way.
func examine(known []sighting, c wire.Consistency, party register.Party) (tip sighting, found *contradiction, err error) {
	var states []sighting
	for _, note := range c.Checkpoints {
		s := sighting{Party: party.OIN, Key: party.Checkpoint, Note: note, From: party.OIN}
		if s.open() != nil {
			return sighting{}, nil, fault(BadConsistency)
		}
		states = append(states, s)
	}
	tip = states[len(states)-1]
	covered := 0
	for _, k := range known {
		if k.checkpoint.Size <= tip.checkpoint.Size {
			covered++
		}
	}
	if covered != len(states)-1 {
		return sighting{}, nil, fault(BadConsistency)
	}
	for i, k := range known[:covered] {
		if states[i].checkpoint.Size != k.checkpoint.Size {
			return sighting{}, nil, fault(BadConsistency)
		}
		for _, s := range []sighting{states[i], tip} {
			if ledger.Contradict(k.checkpoint, s.checkpoint) {
				return sighting{}, &contradiction{found: TwoRoots, first: k, second: s}, nil
			}
		}
	}
	for i, proof := range c.Proofs {
		a, b := states[i].checkpoint, states[i+1].checkpoint
		if ledger.CheckConsistency(hashes(proof), a.Size, a.Root, b.Size, b.Root) != nil {
			return sighting{}, &contradiction{found: ProofFails, first: states[i], second: states[i+1], answer: &c}, nil
		}
	}
	if covered < len(known) {
		return sighting{}, &contradiction{found: Shorter, first: known[len(known)-1], second: tip, answer: &c}, nil
	}
	return tip, nil, nil
}

// A cosignedNote is the private part of an entry about a cosignature.
type cosignedNote struct {
	Origin string    `json:"origin"`
	Size   uint64    `json:"size"`
	Root   string    `json:"root"`
	Time   time.Time `json:"time"`
}

// cosign keeps the newest checkpoint of a partner's ledger as the one that is
// held, with an entry, and hands him the cosignature. What was checked leaves the
// backlog. It is on disk before the cosignature leaves (C2SP tlog-witness).
func (n *Node) cosign(ctx context.Context, party register.Party, tip sighting, was uint64, checked []sighting) error {
	cosigner, err := ledger.NewCosigner(register.WitnessName(n.id.OIN), n.witnessKey())
	if err != nil {
		return err
	}
	now := n.now().UTC()
	line, err := cosigner.Cosign(tip.checkpoint, now)
	if err != nil {
		return err
	}
	name := origin(party.Checkpoint)
	value, err := json.Marshal(holding{sighting: tip, At: now})
	if err != nil {
		return err
	}
	part, err := json.Marshal(cosignedNote{Origin: name, Size: tip.checkpoint.Size, Root: tip.checkpoint.Root.String(), Time: now})
	if err != nil {
		return err
	}
	c := store.Change{
		Dossier: store.NodeDossier,
		Puts:    []store.Record{{Table: tableWitness, Key: name, Value: value, Was: was}},
		Record: []store.Event{{
			Kind: string(exchange.CheckpointCosigned), Party: partnerID(party), Message: ledger.DigestOf(line), Private: part,
		}},
	}
	for _, s := range checked {
		c.Deletes = append(c.Deletes, store.Deletion{Table: tableSighting, Key: sightingKey(name, s.checkpoint.Size), Was: s.version})
	}
	if _, err := n.store.Write(ctx, c); err != nil {
		return err
	}
	n.log.Debug("ledger of a partner checked", "party", string(party.OIN), "size", strconv.FormatUint(tip.checkpoint.Size, 10))
	if _, err := n.sendWitnessing(ctx, party, wire.Witnessing{Size: tip.checkpoint.Size, Cosignature: string(line)}); err != nil {
		// He lacks a cosignature until the next round; what was checked stands.
		code, _ := classify(err)
		n.log.Debug("cosignature not taken", "party", string(party.OIN), "code", code)
	}
	return nil
}

// A Witnessed tells of one partner how the two ledgers stand to each other.
type Witnessed struct {
	Party  exchange.OIN
	Origin string
	// Held is the size of the newest checkpoint of the partner's ledger that was
	// checked and cosigned here, and Checked when: not seen since. Zero before
	// the first time.
	Held    uint64
	Checked time.Time
	Waiting int // checkpoints that were seen and not checked yet; counted up to 100
	Alarms  int
	// Cosigned is the size of our own ledger that the partner has checked and
	// cosigned last, and CosignedAt when. Zero before the first time.
	Cosigned   uint64
	CosignedAt time.Time
}

// Witnesses lists the ledgers that this node witnesses and what their parties
// have cosigned of its own, by origin.
func (n *Node) Witnesses() ([]Witnessed, error) {
	alarms, err := n.Alarms()
	if err != nil {
		return nil, err
	}
	var all []Witnessed
	err = n.holdings(func(name string, h holding) error {
		w := Witnessed{Party: h.Party, Origin: name, Held: h.checkpoint.Size, Checked: h.At}
		waiting, _, err := n.backlog(name, maxPage)
		if err != nil {
			return err
		}
		w.Waiting = len(waiting)
		for _, a := range alarms {
			if a.Origin == name {
				w.Alarms++
			}
		}
		c, _, err := n.cosignature(h.Party)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		w.Cosigned, w.CosignedAt = c.Size, c.At
		all = append(all, w)
		return nil
	})
	return all, err
}
