package peer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// storedPetition is a petition as the store keeps it, sealed under a record key
// of its own.
type storedPetition struct {
	Own       exchange.PartyID       `json:"own"`
	Kind      exchange.PetitionKind  `json:"kind"`
	BSN       string                 `json:"bsn,omitempty"`
	Name      string                 `json:"name,omitempty"`
	Born      string                 `json:"born,omitempty"`
	Received  time.Time              `json:"received"`
	Identity  exchange.IdentityProof `json:"identity"`
	Asked     string                 `json:"asked"`
	Opened    time.Time              `json:"opened"`
	By        exchange.ActorID       `json:"by"`
	Extension *storedExtension       `json:"extension,omitempty"`
	Ruling    *storedRuling          `json:"ruling,omitempty"`
}

type storedExtension struct {
	Why  string           `json:"why"`
	Told time.Time        `json:"told"`
	By   exchange.ActorID `json:"by"`
	At   time.Time        `json:"at"`
}

type storedRuling struct {
	Outcome  exchange.RulingOutcome `json:"outcome"`
	Ground   exchange.RefusalGround `json:"ground,omitempty"`
	Weighing string                 `json:"weighing,omitempty"`
	Without  []exchange.Part        `json:"without,omitempty"`
	By       exchange.ActorID       `json:"by"`
	At       time.Time              `json:"at"`
}

func encodePetition(p exchange.Petition) ([]byte, error) {
	s := storedPetition{
		Own: p.Own, Kind: p.Kind, BSN: p.Person.BSN.Reveal(), Name: p.Person.Name.Reveal(), Born: p.Person.Born.Reveal(), Received: p.Received,
		Identity: p.Identity, Asked: p.Asked.Reveal(), Opened: p.Opened, By: p.By,
	}
	if e := p.Extension; !e.At.IsZero() {
		s.Extension = &storedExtension{Why: e.Why.Reveal(), Told: e.Told, By: e.By, At: e.At}
	}
	if r := p.Ruling; !p.Open() {
		s.Ruling = &storedRuling{Outcome: r.Outcome, Ground: r.Ground, Weighing: r.Weighing.Reveal(), Without: r.Without, By: r.By, At: r.At}
	}
	return json.Marshal(s)
}

func decodePetition(id exchange.ID, value []byte) (exchange.Petition, error) {
	var s storedPetition
	if err := json.Unmarshal(value, &s); err != nil {
		// The decoder's own text may quote what it read.
		return exchange.Petition{}, fmt.Errorf("petition %s is stored in a form that this version cannot read", id)
	}
	p := exchange.Petition{
		ID: id, Own: s.Own, Kind: s.Kind, Person: exchange.Sought{Name: exchange.Hide(s.Name), Born: exchange.Hide(s.Born)}, Received: s.Received,
		Identity: s.Identity, Asked: exchange.Hide(s.Asked), Opened: s.Opened, By: s.By,
	}
	if s.BSN != "" {
		var err error
		if p.Person.BSN, err = exchange.ParseBSN(s.BSN); err != nil {
			return exchange.Petition{}, err
		}
	}
	if e := s.Extension; e != nil {
		p.Extension = exchange.Extension{Why: exchange.Hide(e.Why), Told: e.Told, By: e.By, At: e.At}
	}
	if r := s.Ruling; r != nil {
		p.Ruling = exchange.Ruling{Outcome: r.Outcome, Ground: r.Ground, Weighing: exchange.Hide(r.Weighing), Without: r.Without, By: r.By, At: r.At}
	}
	return p, nil
}

// petitionDossier names the record key of a petition; see caseDossier.
func petitionDossier(id exchange.ID) string { return uuidOf("sluis-petition-dossier\n" + string(id)) }

// OpenPetition begins a petition. p comes without ID; its capacity is that of the
// hat.
func (n *Node) OpenPetition(ctx context.Context, who Who, p exchange.Petition) (exchange.Petition, error) {
	f, err := n.current()
	if err != nil {
		return exchange.Petition{}, err
	}
	by, err := n.actor(who)
	if err != nil {
		return exchange.Petition{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return exchange.Petition{}, err
	}
	p.ID, p.Own = newID(n.now()), exchange.PartyID{OIN: n.id.OIN, Capacity: by.Hat}
	p, event, err := exchange.OpenPetition(p, own, by, n.now())
	if err != nil {
		return exchange.Petition{}, err
	}
	return p, n.writePetition(ctx, p, event, 0)
}

// ExtendPetition makes the deadline of a petition two months longer.
func (n *Node) ExtendPetition(ctx context.Context, who Who, id exchange.ID, why exchange.Personal, told time.Time) (exchange.Petition, error) {
	return n.changePetition(ctx, who, id, func(p exchange.Petition, by exchange.Actor) (exchange.Petition, exchange.Event, error) {
		return p.Extend(why, told, by, n.now())
	})
}

// DecidePetition closes a petition.
func (n *Node) DecidePetition(ctx context.Context, who Who, id exchange.ID, r exchange.Ruling) (exchange.Petition, error) {
	return n.changePetition(ctx, who, id, func(p exchange.Petition, by exchange.Actor) (exchange.Petition, exchange.Event, error) {
		return p.Decide(r, by, n.now())
	})
}

// ViewPetition returns a petition to a person who may see it; the view is in the
// ledger before he sees it (I3).
func (n *Node) ViewPetition(ctx context.Context, who Who, id exchange.ID) (exchange.Petition, error) {
	by, err := n.actor(who)
	if err != nil {
		return exchange.Petition{}, err
	}
	p, _, err := n.petitionRow(id)
	if err != nil {
		return exchange.Petition{}, err
	}
	event, err := p.View(by, n.now())
	if err != nil {
		return exchange.Petition{}, err
	}
	return p, n.recordIn(ctx, petitionDossier(id), event)
}

// recordIn writes an event that changes nothing else.
func (n *Node) recordIn(ctx context.Context, dossier string, event exchange.Event) error {
	entry, err := n.entryOf(ctx, event, wire.Digest{})
	if err != nil {
		return err
	}
	_, err = n.store.Write(ctx, store.Change{Dossier: dossier, Record: []store.Event{entry}})
	return err
}

// A PetitionSummary is what may be shown of a petition without opening it:
// nothing in it says whose it is.
type PetitionSummary struct {
	ID       exchange.ID
	Own      exchange.PartyID
	Kind     exchange.PetitionKind
	Received time.Time
	Due      time.Time // the last day
	Overdue  bool
	Extended bool
	Outcome  exchange.RulingOutcome // "" while open
	Decided  time.Time
	Late     bool // decided after the last day
}

// PetitionSummaryOf is what may be shown of a petition at this time.
func PetitionSummaryOf(p exchange.Petition, at time.Time) PetitionSummary {
	return PetitionSummary{
		ID: p.ID, Own: p.Own, Kind: p.Kind, Received: p.Received, Due: p.Due(), Overdue: p.Overdue(at), Extended: !p.Extension.At.IsZero(),
		Outcome: p.Ruling.Outcome, Decided: p.Ruling.At, Late: p.Late(),
	}
}

// SummaryOfPetition is PetitionSummaryOf at the node's own time.
func (n *Node) SummaryOfPetition(p exchange.Petition) PetitionSummary {
	return PetitionSummaryOf(p, n.now())
}

// A PetitionFilter picks petitions.
type PetitionFilter struct {
	Hat    exchange.CapacityCode // "" for all
	Within time.Duration         // open ones whose last day is within this time, or has passed; negative for all that are open
	Closed bool                  // those that are decided too
}

// Petitions lists petitions, the first that must be answered first; those that
// are decided stand at the end.
func (n *Node) Petitions(ctx context.Context, f PetitionFilter) ([]PetitionSummary, error) {
	at := n.now()
	all := []PetitionSummary{}
	err := n.each(ctx, tablePetition, func(row store.Row) error {
		p, err := decodePetition(exchange.ID(row.Key), row.Value)
		if err != nil {
			return err
		}
		switch {
		case f.Hat != "" && p.Own.Capacity != f.Hat, !p.Open() && !f.Closed:
		case p.Open() && f.Within >= 0 && p.Due().After(at.Add(f.Within)):
		default:
			all = append(all, PetitionSummaryOf(p, at))
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b PetitionSummary) int {
		if (a.Outcome == "") != (b.Outcome == "") {
			if a.Outcome == "" {
				return -1
			}
			return 1
		}
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

func (n *Node) changePetition(ctx context.Context, who Who, id exchange.ID,
	judge func(exchange.Petition, exchange.Actor) (exchange.Petition, exchange.Event, error),
) (exchange.Petition, error) {
	by, err := n.actor(who)
	if err != nil {
		return exchange.Petition{}, err
	}
	for range maxOvertaken {
		before, version, err := n.petitionRow(id)
		if err != nil {
			return exchange.Petition{}, err
		}
		after, event, err := judge(before, by)
		if err != nil {
			return exchange.Petition{}, err
		}
		if err := n.writePetition(ctx, after, event, version); !errors.Is(err, store.ErrOvertaken) {
			return after, err
		}
	}
	return exchange.Petition{}, fault(Busy)
}

func (n *Node) writePetition(ctx context.Context, p exchange.Petition, event exchange.Event, was uint64) error {
	value, err := encodePetition(p)
	if err != nil {
		return err
	}
	entry, err := n.entryOf(ctx, event, wire.Digest{})
	if err != nil {
		return err
	}
	row := store.Record{
		Table: tablePetition, Key: string(p.ID), Value: value, Was: was,
		Index: n.person(p.Own.Capacity, p.Person.BSN, p.Person.Name, p.Person.Born),
	}
	_, err = n.store.Write(ctx, store.Change{Dossier: petitionDossier(p.ID), Puts: []store.Record{row}, Record: []store.Event{entry}})
	return err
}

func (n *Node) petitionRow(id exchange.ID) (exchange.Petition, uint64, error) {
	value, version, err := n.store.Get(tablePetition, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return exchange.Petition{}, 0, n.missing(petitionDossier(id), UnknownPetition)
	}
	if err != nil {
		return exchange.Petition{}, 0, err
	}
	p, err := decodePetition(id, value)
	return p, version, err
}
