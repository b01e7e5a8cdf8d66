package peer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/ledger/audit"
	"sluis/store"
)

// An Inspecting is an inspection as a person grants it.
type Inspecting struct {
	// Inspection comes without recipient and dossiers.
	exchange.Inspection
	// Recipient is the key of the regulator.
	Recipient crypto.Recipient
	// The person whom an inspection of one person is about. He is found here,
	// through the pseudonyms of the index, and stands nowhere else.
	BSN        exchange.BSN
	Name, Born exchange.Personal
}

// A Granted inspection stands in the ledger and can be written once.
type Granted struct {
	node       *Node
	to         crypto.Recipient
	head       audit.Head
	checkpoint []byte
}

// GrantInspection records that a regulator may see the ledger (I3), up to and
// including the entry that says so. A register that has expired does not stand in
// the way: supervision does not wait for it.
func (n *Node) GrantInspection(ctx context.Context, who Who, i Inspecting) (*Granted, error) {
	f := n.force.Load()
	if f.register == nil {
		return nil, fault(NoRegister)
	}
	by, err := n.actor(who)
	if err != nil {
		return nil, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return nil, err
	}
	asked := i.Inspection
	asked.Recipient = audit.Fingerprint(i.Recipient)
	var dossiers []string
	if asked.Scope == exchange.ScopePerson {
		if dossiers, err = n.dossiersOf(i); err != nil {
			return nil, err
		}
		asked.Dossiers = audit.DigestOfDossiers(dossiers)
	}
	now := n.now()
	event, err := exchange.GrantInspection(asked, own, by, now)
	if err != nil {
		return nil, err
	}
	entry, err := n.entryOf(ctx, event, wire.Digest{})
	if err != nil {
		return nil, err
	}
	w, err := n.store.Write(ctx, store.Change{Dossier: store.NodeDossier, Record: []store.Event{entry}})
	if err != nil {
		return nil, err
	}
	party, _ := f.register.Party(n.id.OIN)
	return &Granted{node: n, to: i.Recipient, checkpoint: w.Checkpoint, head: audit.Head{
		OIN: n.id.OIN, Name: own.Name, Ledger: party.Checkpoint, Made: w.Time.UTC(), By: event.By, As: event.Own.String(), Inspection: asked,
		Dossiers: dossiers, Granted: w.First, Size: w.Size,
	}}, nil
}

// dossiersOf finds the dossiers about a person, in every capacity: an
// inspection is of the organisation, and who grants it sees none of it.
func (n *Node) dossiersOf(i Inspecting) ([]string, error) {
	if i.BSN.Zero() && (i.Name.Zero() || i.Born.Zero()) {
		return nil, &exchange.Refusal{Code: exchange.BadScope, Params: []string{"field", "person"}}
	}
	found := map[string]bool{}
	for _, c := range n.id.Capacities {
		for _, key := range n.person(c.Code, i.BSN, i.Name, i.Born) {
			rows, err := n.store.ByIndex(key)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				dossier := caseDossier(exchange.ID(row.Key))
				switch row.Table {
				case tablePetition:
					dossier = petitionDossier(exchange.ID(row.Key))
				case tableConference:
					dossier = meetingDossier(row.Key)
					found[saidDossier(row.Key)] = true
				case tableExchange:
					r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
					if err != nil {
						return nil, err
					}
					dossier = dossierOf(r.Exchange)
				}
				found[dossier] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// Write writes the bundle, sealed to the regulator, as it goes: no more than a
// thousand entries are held at once. A bundle that was not written to its end
// can't be used, and has to be granted again.
func (g *Granted) Write(ctx context.Context, out io.Writer) error {
	// age writes as little at a time as it is given.
	buffered := bufio.NewWriterSize(out, 128<<10)
	sealed, err := crypto.SealStream(buffered, g.to)
	if err != nil {
		return err
	}
	bundle, err := audit.NewWriter(sealed, g.head)
	if err != nil {
		return err
	}
	if err := g.registers(bundle); err != nil {
		return err
	}
	if err := g.entries(ctx, bundle); err != nil {
		return err
	}
	if err := bundle.Checkpoint(g.checkpoint); err != nil {
		return err
	}
	if err := g.evidence(bundle); err != nil {
		return err
	}
	if err := bundle.Close(g.node.signing()); err != nil {
		return err
	}
	return errors.Join(sealed.Close(), buffered.Flush())
}

// registers writes every register that the node has had: what was signed in the
// past is checked with the keys of the past.
func (g *Granted) registers(bundle *audit.Writer) error {
	files, err := os.ReadDir(filepath.Join(g.node.dir, registerDir))
	if err != nil {
		return err
	}
	var versions []uint64
	for _, f := range files {
		if n, err := strconv.ParseUint(strings.TrimSuffix(f.Name(), ".json"), 10, 64); err == nil {
			versions = append(versions, n)
		}
	}
	slices.Sort(versions)
	for _, version := range versions {
		document, err := os.ReadFile(g.node.registerFile(version))
		if err != nil {
			return err
		}
		if err := bundle.Register(document); err != nil {
			return err
		}
	}
	return nil
}

func (g *Granted) entries(ctx context.Context, bundle *audit.Writer) error {
	scope := audit.ScopeOf(g.head.Inspection, g.head.Dossiers)
	for from := uint64(0); from < g.head.Size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := g.node.store.Entries(from, int(min(g.head.Size-from, exportPage)))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return store.ErrNotFound
		}
		for _, e := range entries {
			if err := g.entry(bundle, e, scope.Covers(e.Header)); err != nil {
				return err
			}
		}
		from += uint64(len(entries))
	}
	return nil
}

const exportPage = 1000

// entry writes one entry with what the scope opens of it. What belonged to a
// dossier that was destroyed stays closed: the ledger says why.
func (g *Granted) entry(bundle *audit.Writer, e ledger.Entry, covered bool) error {
	raw, err := e.Marshal()
	if err != nil {
		return err
	}
	if err := bundle.Entry(raw); err != nil {
		return err
	}
	if !covered && e.Index != g.head.Granted {
		return nil
	}
	key, err := g.node.store.PartKey(e)
	switch {
	case errors.Is(err, store.ErrNoRecordKey):
		return nil
	case err != nil:
		return err
	case !key.IsZero():
		if err := bundle.PartKey(key); err != nil {
			return err
		}
	}
	if !covered || e.Message.IsZero() || !audit.Carries(exchange.EventKind(e.Kind)) {
		return nil
	}
	token, err := g.node.token(exchange.ID(e.Exchange), wire.Digest(e.Message))
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrNoRecordKey) {
		return nil
	}
	if err != nil {
		return err
	}
	if !g.head.Inspection.Disclosures {
		token = wire.WithoutDisclosures(token)
	}
	return bundle.Message(token)
}

// token returns a message of an exchange as it was signed, from whatever we have
// of it: either side, or what was passed on to us.
func (n *Node) token(id exchange.ID, d wire.Digest) ([]byte, error) {
	rows := []string{rowKey(id, exchange.Asker), rowKey(id, exchange.Supplier)}
	passed, err := n.store.ByIndex(topicIndex(id))
	if err != nil {
		return nil, err
	}
	for _, row := range passed {
		rows = append(rows, row.Key)
	}
	for _, c := range n.id.Capacities {
		key := meetingKey(id, c.Code)
		rows = append(rows, meetingRow+key, saidRow+key)
	}
	for _, row := range rows {
		value, version, err := n.store.Get(tableMessage, messageKey(row, d))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m, err := decodeMessage(value, version)
		return m.token, err
	}
	return nil, store.ErrNotFound
}

// evidence writes what the node holds of the ledgers of its partners.
func (g *Granted) evidence(bundle *audit.Writer) error {
	held, alarms, err := g.node.heldEvidence()
	if err != nil {
		return err
	}
	for _, h := range held {
		document, err := json.Marshal(h)
		if err != nil {
			return err
		}
		if err := bundle.Held(document); err != nil {
			return err
		}
	}
	for _, a := range alarms {
		if err := bundle.Alarm(a); err != nil {
			return err
		}
	}
	return nil
}

// heldEvidence lists the checkpoints of partners that the node has checked and
// holds, its own checkpoints that partners cosigned, and the evidence of alarms as
// JSON. Receipts are in the bundle as messages.
func (n *Node) heldEvidence() (held []audit.Held, alarms [][]byte, err error) {
	err = n.holdings(func(_ string, h holding) error {
		if h.Note != "" {
			held = append(held, audit.Held{OIN: h.Party, Note: h.Note})
		}
		own, err := n.cosigned(h.Party)
		if err != nil || own == nil {
			return err
		}
		held = append(held, audit.Held{OIN: n.id.OIN, Note: string(own)})
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	all, err := n.Alarms()
	if err != nil {
		return nil, nil, err
	}
	for _, a := range all {
		document, err := json.Marshal(a)
		if err != nil {
			return nil, nil, err
		}
		alarms = append(alarms, document)
	}
	return held, alarms, nil
}

// cosigned is our checkpoint with the newest cosignature of a partner, or nil
// when he gave none.
func (n *Node) cosigned(oin exchange.OIN) ([]byte, error) {
	c, _, err := n.cosignature(oin)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	signed, err := n.store.CheckpointAt(c.Size)
	if err != nil {
		return nil, err
	}
	return ledger.AddCosignature(signed, []byte(c.Line))
}
