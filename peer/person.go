package peer

import (
	"context"
	"slices"
	"strings"

	"sluis/exchange"
	"sluis/store"
)

// A Found is what a capacity has of a person, without content.
type Found struct {
	Cases     []CaseSummary
	Exchanges []Summary
	Petitions []PetitionSummary
}

// SearchPerson looks what the capacity of the hat has of a person. That somebody
// looked, why, and for whom by pseudonym, is in the ledger before he sees
// anything (I3, I5).
func (n *Node) SearchPerson(ctx context.Context, who Who, s exchange.Sought, why exchange.SearchReason) (Found, error) {
	f, err := n.current()
	if err != nil {
		return Found{}, err
	}
	by, err := n.actor(who)
	if err != nil {
		return Found{}, err
	}
	own, _, err := n.own(f)
	if err != nil {
		return Found{}, err
	}
	if err := exchange.CheckSearch(s, why, own, by); err != nil {
		return Found{}, err
	}
	h, err := n.about(by.Hat, s)
	if err != nil {
		return Found{}, err
	}
	pseudonym := n.person(by.Hat, s.BSN, s.Name, s.Born)[0]
	event, err := exchange.Search(s, why, own, by, pseudonym, len(h.cases)+len(h.records)+len(h.petitions), n.now())
	if err != nil {
		return Found{}, err
	}
	if err := n.recordIn(ctx, store.NodeDossier, event); err != nil {
		return Found{}, err
	}
	found := Found{Cases: []CaseSummary{}, Exchanges: []Summary{}, Petitions: []PetitionSummary{}}
	for _, c := range h.cases {
		found.Cases = append(found.Cases, CaseSummaryOf(c))
	}
	for _, r := range h.records {
		s, err := n.summary(r.Exchange)
		if err != nil {
			return Found{}, err
		}
		found.Exchanges = append(found.Exchanges, s)
	}
	for _, p := range h.petitions {
		found.Petitions = append(found.Petitions, n.SummaryOfPetition(p))
	}
	return found, nil
}

// about is all dossiers about a person in one capacity. Some know him by
// number, some by name: a case that knows both leads from the one to the other.
type about struct {
	cases     []exchange.Case
	records   []record
	petitions []exchange.Petition

	number  exchange.BSN
	numbers []exchange.BSN    // of people with his name and date of birth, while his own is not known
	names   []exchange.Sought // without number: he may be written in more ways than one
}

// about collects until no dossier tells anything new of who he is.
func (n *Node) about(in exchange.CapacityCode, s exchange.Sought) (about, error) {
	h := about{number: s.BSN}
	h.learn(exchange.Person{Name: s.Name, Born: s.Born})
	for {
		known := len(h.names)
		if err := n.collect(in, &h); err != nil {
			return about{}, err
		}
		switch {
		case h.number.Zero() && len(h.numbers) == 1:
			h.number = h.numbers[0] // and once more, now by number too
		case len(h.names) == known:
			return h, nil
		}
	}
}

// collect reads every row that the index has for what is known of the person.
func (n *Node) collect(in exchange.CapacityCode, h *about) error {
	keys := n.person(in, h.number, exchange.Personal{}, exchange.Personal{})
	for _, name := range h.names {
		keys = append(keys, n.person(in, exchange.BSN{}, name.Name, name.Born)...)
	}
	h.cases, h.records, h.petitions, h.numbers = nil, nil, nil, nil
	seen := map[string]bool{}
	for _, key := range keys {
		rows, err := n.store.ByIndex(key)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if at := row.Table + "/" + row.Key; !seen[at] {
				seen[at] = true
				if err := h.add(row); err != nil {
					return err
				}
			}
		}
	}
	slices.SortFunc(h.cases, func(a, b exchange.Case) int { return strings.Compare(string(a.ID), string(b.ID)) })
	slices.SortFunc(h.records, func(a, b record) int {
		return strings.Compare(rowKey(a.ID, a.Side), rowKey(b.ID, b.Side))
	})
	slices.SortFunc(h.petitions, func(a, b exchange.Petition) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return nil
}

// add takes a row in where it is about him: a name and a date of birth can be
// those of somebody else, with another number.
func (h *about) add(row store.Row) error {
	switch row.Table {
	case tableCase:
		c, err := decodeCase(exchange.ID(row.Key), row.Value)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(c.People, h.is); i >= 0 {
			h.cases = append(h.cases, c)
			h.learn(c.People[i])
		}
	case tableExchange:
		r, err := decodeRecord(idOf(row.Key), row.Value, row.Version)
		if err != nil {
			return err
		}
		s := r.Exchange.Request.Subject
		if p := (exchange.Person{BSN: s.BSN, Name: s.Name, Born: s.Born}); h.is(p) {
			h.records = append(h.records, r)
			h.learn(p)
		}
	case tablePetition:
		p, err := decodePetition(exchange.ID(row.Key), row.Value)
		if err != nil {
			return err
		}
		if q := (exchange.Person{BSN: p.Person.BSN, Name: p.Person.Name, Born: p.Person.Born}); h.is(q) {
			h.petitions = append(h.petitions, p)
			h.learn(q)
		}
	}
	return nil
}

// is reports whether a person of a dossier is the one.
func (h *about) is(p exchange.Person) bool {
	if (exchange.Sought{BSN: h.number}).Is(p) {
		return true
	}
	return slices.ContainsFunc(h.names, func(s exchange.Sought) bool {
		s.BSN = h.number
		return s.Is(p)
	})
}

// learn keeps what a dossier knows of him that was not known yet.
func (h *about) learn(p exchange.Person) {
	if h.number.Zero() && !p.BSN.Zero() && !slices.ContainsFunc(h.numbers, p.BSN.Equal) {
		h.numbers = append(h.numbers, p.BSN)
	}
	s := exchange.Sought{Name: p.Name, Born: p.Born}
	if !p.Name.Zero() && !slices.ContainsFunc(h.names, func(o exchange.Sought) bool { return o.Is(exchange.Person{Name: p.Name, Born: p.Born}) }) {
		h.names = append(h.names, s)
	}
}
