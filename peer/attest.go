package peer

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/register"
	"sluis/store"
)

// serveWitness answers one exchange on the witness protocol. It never fails: what
// goes wrong is told by code, and logged by peer ID and code only (I5, I9).
func (n *Node) serveWitness(ctx context.Context, from string, request []byte) ([]byte, error) {
	r, err := n.attest(ctx, from, request)
	if err != nil {
		code, retry := classify(err)
		n.log.Warn("witnessing refused", "peer", from, "code", code)
		if code == Internal {
			n.log.Error("witnessing could not be handled", "peer", from, "error", err.Error())
		}
		r = witnessReply{Code: code, Retry: retry}
	}
	return json.Marshal(r)
}

// attest tells a partner about this node's own ledger, or takes his cosignature.
// Others of the register are not partners: how much a ledger grows is between
// those who have to do with each other.
func (n *Node) attest(ctx context.Context, from string, request []byte) (witnessReply, error) {
	f, err := n.current()
	if err != nil {
		return witnessReply{}, err
	}
	party, ok := f.register.ByPeer(from)
	if !ok {
		return witnessReply{}, fault(UnknownParty)
	}
	// What an old copy is short of, others have seen, also one that it does not know for a partner: to sign that this is all of it
	// would be evidence against an honest party.
	if n.vouched(ctx, party) != nil {
		return witnessReply{}, fault(Recovering)
	}
	if _, _, err := n.holding(origin(party.Checkpoint)); errors.Is(err, store.ErrNotFound) {
		return witnessReply{}, fault(NotPartner)
	} else if err != nil {
		return witnessReply{}, err
	}
	w, err := wire.ParseWitnessing(request)
	if err != nil {
		return witnessReply{}, err
	}
	if w.Nonce == "" {
		return witnessReply{}, n.takeCosignature(ctx, party, w)
	}
	if err := n.hear(ctx, f, party.OIN, w.Told); err != nil {
		return witnessReply{}, err
	}
	if len(w.Sizes) > 0 && slices.Max(w.Sizes) > n.store.Size() && n.shownMore(ctx, party) != nil {
		return witnessReply{}, fault(Recovering)
	}
	c, err := n.account(party, w)
	return witnessReply{Answer: string(c.Token)}, err
}

// account makes the signed answer: the ledger's checkpoint at each size that was
// asked, the newest, and the proofs between them.
func (n *Node) account(party register.Party, w wire.Witnessing) (wire.Consistency, error) {
	newest, size := n.store.Checkpoint()
	c := wire.Consistency{From: n.id.OIN, To: party.OIN, At: n.now(), Nonce: w.Nonce, Sizes: w.Sizes}
	var sizes []uint64
	for _, s := range w.Sizes {
		if s > size {
			break // he says so, and can't show it
		}
		signed, err := n.store.CheckpointAt(s)
		if err != nil {
			return wire.Consistency{}, err
		}
		c.Checkpoints, sizes = append(c.Checkpoints, string(signed)), append(sizes, s)
	}
	c.Checkpoints, sizes = append(c.Checkpoints, string(newest)), append(sizes, size)
	for i, s := range sizes[1:] {
		proof, err := n.store.ProveConsistency(sizes[i], s)
		if err != nil {
			return wire.Consistency{}, err
		}
		raw := make([][]byte, len(proof))
		for j := range proof {
			raw[j] = proof[j][:]
		}
		c.Proofs = append(c.Proofs, raw)
	}
	return c.Sign(n.signing())
}

// hear takes what a partner tells of other ledgers. Of a ledger that is watched
// here it is checked in the next round, or raises an alarm at once; the rest, and
// what is not signed by the ledger that it names, is passed over: the teller may
// have a newer register.
func (n *Node) hear(ctx context.Context, f *inForce, from exchange.OIN, told []string) error {
	for _, note := range told {
		name, _, _ := strings.Cut(note, "\n")
		h, _, err := n.holding(name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		party, ok := f.register.Party(h.Party)
		s := sighting{Party: h.Party, Key: party.Checkpoint, Note: note, From: from}
		if !ok || s.open() != nil || s.checkpoint.Origin != name {
			continue
		}
		known, err := n.sameSize(h, s)
		if err != nil {
			return err
		}
		switch {
		case known.Note == "":
			n.watch.tell(h.Party, s)
		case ledger.Contradict(known.checkpoint, s.checkpoint):
			if err := n.raise(ctx, contradiction{found: TwoRoots, first: known, second: s}); err != nil {
				return err
			}
		}
	}
	return nil
}

// A storedCosignature is the newest cosignature that a witness gave on our ledger.
type storedCosignature struct {
	Party    exchange.OIN `json:"party"`
	Key      string       `json:"key"` // the verifier key that opened it
	Size     uint64       `json:"size"`
	Line     string       `json:"line"`
	At       time.Time    `json:"at"`       // as the witness says
	Received time.Time    `json:"received"` // by our clock
}

func (n *Node) cosignature(oin exchange.OIN) (c storedCosignature, version uint64, err error) {
	value, version, err := n.store.Get(tableCosignature, string(oin))
	if err != nil {
		return storedCosignature{}, 0, err
	}
	if json.Unmarshal(value, &c) != nil {
		return storedCosignature{}, 0, errors.New("a cosignature is stored in a form that this version cannot read")
	}
	return c, version, nil
}

// takeCosignature checks a partner's cosignature with the key that the register
// has of him, and keeps it as his newest, with an entry. So that nobody can make
// this ledger grow at will, a second one within half a pause is refused.
func (n *Node) takeCosignature(ctx context.Context, party register.Party, w wire.Witnessing) error {
	signed, err := n.store.CheckpointAt(w.Size)
	if errors.Is(err, store.ErrNotFound) {
		return fault(BadCosignature)
	}
	if err != nil {
		return err
	}
	text, _, _ := strings.Cut(string(signed), "\n\n")
	checkpoint, err := ledger.ParseCheckpoint(text + "\n")
	if err != nil {
		return err
	}
	at, err := ledger.OpenCosignature([]byte(w.Cosignature), checkpoint, party.Witness)
	now := n.now().UTC()
	if err != nil || at.After(now.Add(wire.Skew)) || at.Before(now.Add(-wire.Skew)) {
		return fault(BadCosignature)
	}
	before, was, err := n.cosignature(party.OIN)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	case now.Before(before.Received.Add(time.Duration(n.config.Witness.Pause) / 2)):
		return fault(TooSoon)
	case w.Size < before.Size && party.Witness == before.Key:
		return fault(BadCosignature)
	}
	value, err := json.Marshal(storedCosignature{
		Party: party.OIN, Key: party.Witness, Size: w.Size, Line: w.Cosignature, At: at, Received: now,
	})
	if err != nil {
		return err
	}
	part, err := json.Marshal(cosignedNote{Origin: checkpoint.Origin, Size: w.Size, Root: checkpoint.Root.String(), Time: at})
	if err != nil {
		return err
	}
	_, err = n.store.Write(ctx, store.Change{
		Dossier: store.NodeDossier,
		Puts:    []store.Record{{Table: tableCosignature, Key: string(party.OIN), Value: value, Was: was}},
		Record: []store.Event{{
			Kind: string(exchange.CosignatureReceived), Party: partnerID(party), Message: ledger.DigestOf([]byte(w.Cosignature)), Private: part,
		}},
	})
	if errors.Is(err, store.ErrOvertaken) {
		return fault(TooSoon)
	}
	return err
}
