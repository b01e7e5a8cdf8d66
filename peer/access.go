package peer

import (
	"context"
	"slices"
	"strings"

	"sluis/exchange"
	"sluis/paper"
)

// A Report is what a person gets who asked for access: as values, with the names
// of the parties in it, and as a PDF.
type Report struct {
	exchange.Access
	Organisation string
	Task         exchange.Sentence
	Contact      string
	Parties      map[exchange.PartyID]string // a party that the register does not have any more has no name
	PDF          []byte
}

// ReportAccess makes the report of a petition for access that was granted. It is
// made first and recorded then, as content that leaves the node, before anybody
// has it (I3).
//
// A draft is for who has to decide. A register that has expired is no reason to let
// a person wait.
func (n *Node) ReportAccess(ctx context.Context, who Who, id exchange.ID, draft bool) (Report, error) {
	f := n.force.Load()
	by, err := n.actor(who)
	if err != nil {
		return Report{}, err
	}
	p, _, err := n.petitionRow(id)
	if err != nil {
		return Report{}, err
	}
	at := n.now()
	if _, err := p.Export(draft, 0, by, at); err != nil {
		return Report{}, err
	}
	accounts, err := n.accounts(ctx, f, p)
	if err != nil {
		return Report{}, err
	}
	r := Report{Access: p.Access(accounts, at), Organisation: n.id.Name, Contact: n.contact(), Parties: map[exchange.PartyID]string{}}
	r.Task.NL, r.Task.EN = string(p.Own.Capacity), string(p.Own.Capacity)
	capacity, _ := n.id.Capacity(p.Own.Capacity)
	if task, ok := f.law.Task(capacity.Task); ok {
		r.Task = task.Name
	}
	for _, party := range r.Access.Parties() {
		if known, err := f.party(party.OIN); err == nil {
			r.Parties[party] = known.Name
		}
	}
	r.PDF, err = paper.Access(r.Access, paper.Organisation{
		Name: r.Organisation, Task: r.Task.NL, Contact: r.Contact, Party: func(p exchange.PartyID) string { return r.Parties[p] },
	})
	if err != nil {
		return Report{}, err
	}
	event, err := p.Export(draft, len(r.Accounts), by, at)
	if err != nil {
		return Report{}, err
	}
	return r, n.recordIn(ctx, petitionDossier(id), event)
}

// accounts tell of each dossier about the person of a petition, in its capacity.
// The petition itself is not one of them: he knows that he asked.
func (n *Node) accounts(ctx context.Context, f *inForce, p exchange.Petition) ([]exchange.Account, error) {
	h, err := n.about(p.Own.Capacity, p.Person)
	if err != nil {
		return nil, err
	}
	if h.number.Zero() && len(h.numbers) > 1 {
		return nil, &exchange.Refusal{Code: exchange.SeveralPersons}
	}
	kept, err := n.kept(ctx)
	if err != nil {
		return nil, err
	}
	terms := map[string]Kept{}
	for _, k := range kept {
		terms[k.dossier()] = k
	}
	var all []exchange.Account
	for _, c := range h.cases {
		k := terms[caseDossier(c.ID)]
		if a, ok := f.law.AccountOfCase(c, h.is, k.Keep, k.Hold.Until); ok {
			all = append(all, a)
		}
	}
	for _, r := range h.records {
		role, err := n.roleOf(f, r.Decision.By, r.Own())
		if err != nil {
			return nil, err
		}
		k := terms[dossierOf(r.Exchange)]
		all = append(all, f.law.AccountOfExchange(r.Exchange, role, k.Keep, k.Hold.Until))
	}
	for _, q := range h.petitions {
		if q.ID == p.ID {
			continue
		}
		k := terms[petitionDossier(q.ID)]
		all = append(all, exchange.AccountOfPetition(q, k.Keep, k.Hold.Until))
	}
	return all, nil
}

// roleOf is the role in which somebody decided: the first that may decide there.
// His roles can have changed since; then he was a professional.
func (n *Node) roleOf(f *inForce, by exchange.ActorID, own exchange.PartyID) (exchange.Role, error) {
	if by == "" {
		return "", nil
	}
	a, err := n.colleague(by)
	if err != nil {
		return "", err
	}
	capacity, _ := n.id.Capacity(own.Capacity)
	task, _ := f.law.Task(capacity.Task)
	for _, role := range task.Decides {
		if slices.ContainsFunc(a.Roles, func(g exchange.Grant) bool { return g.Role == role && g.Capacity == own.Capacity }) {
			return role, nil
		}
	}
	return exchange.Professional, nil
}

// contact is how the organisation can be reached, in one line.
func (n *Node) contact() string {
	c := n.id.Contact
	return strings.Join(slices.DeleteFunc([]string{c.Name, c.Phone, c.Email}, func(s string) bool { return s == "" }), ", ")
}
