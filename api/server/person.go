package server

import (
	"context"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
)

// SearchPerson looks what a capacity has of a person; the node records the search.
func (a *API) SearchPerson(ctx context.Context, r SearchPersonRequestObject) (SearchPersonResponseObject, error) {
	by, err := actor(r.Params.Actor, r.Params.Hat)
	if err != nil {
		return nil, err
	}
	s, err := soughtOf(r.Body.Person)
	if err != nil {
		return nil, err
	}
	found, err := a.node.SearchPerson(ctx, by, s, exchange.SearchReason(r.Body.Reason.Code()))
	if err != nil {
		return nil, err
	}
	return SearchPerson200JSONResponse{
		Cases: each(found.Cases, caseSummary), Requests: each(found.Exchanges, summary), Petitions: each(found.Petitions, petitionFrom),
	}, nil
}

// ListPetitions lists petitions without anything personal.
func (a *API) ListPetitions(ctx context.Context, r ListPetitionsRequestObject) (ListPetitionsResponseObject, error) {
	f := peer.PetitionFilter{Hat: exchange.CapacityCode(r.Params.Hat), Closed: r.Params.Closed, Within: -1}
	if r.Params.Within != nil {
		f.Within = time.Duration(*r.Params.Within) * 24 * time.Hour
	}
	all, err := a.node.Petitions(ctx, f)
	if err != nil {
		return nil, err
	}
	return ListPetitions200JSONResponse{Petitions: each(all, petitionFrom)}, nil
}

// OpenPetition records what a person asks.
func (a *API) OpenPetition(ctx context.Context, r OpenPetitionRequestObject) (OpenPetitionResponseObject, error) {
	by, err := actor(r.Params.Actor, r.Params.Hat)
	if err != nil {
		return nil, err
	}
	p := exchange.Petition{
		Kind: exchange.PetitionKind(r.Body.Kind.Code()), Identity: exchange.IdentityProof(r.Body.Identity.Code()), Asked: typed(r.Body.Asked),
	}
	if p.Person, err = soughtOf(r.Body.Person); err != nil {
		return nil, err
	}
	if p.Received, err = dayOf(r.Body.Received, "/ontvangenOp"); err != nil {
		return nil, err
	}
	if p, err = a.node.OpenPetition(ctx, by, p); err != nil {
		return nil, err
	}
	return OpenPetition201JSONResponse{Body: a.petition(p), Headers: OpenPetition201ResponseHeaders{Location: petitionLocation(p.ID)}}, nil
}

// ViewPetition returns everything of a petition; the node records the view.
func (a *API) ViewPetition(ctx context.Context, r ViewPetitionRequestObject) (ViewPetitionResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.node.ViewPetition(ctx, by, id)
	if err != nil {
		return nil, err
	}
	content := api.PetitionContent{
		Petition: a.petition(p), Person: soughtFrom(p.Person), Identity: identityOf(p.Identity), Asked: p.Asked.Reveal(), Opened: moment(p.Opened),
		By: string(p.By),
	}
	if e := p.Extension; !e.At.IsZero() {
		content.Extension = &api.Extension{Why: e.Why.Reveal(), Told: dayFrom(e.Told), By: string(e.By)}
	}
	if u := p.Ruling; !p.Open() {
		content.Ruling = &api.Ruling{
			Outcome: rulingOf(u.Outcome), Ground: refusalOf(u.Ground), Weighing: u.Weighing.Reveal(), Without: each(u.Without, partOf), By: string(u.By),
		}
	}
	return ViewPetition200JSONResponse(content), nil
}

// ExtendPetition makes the deadline of a petition two months longer.
func (a *API) ExtendPetition(ctx context.Context, r ExtendPetitionRequestObject) (ExtendPetitionResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	if r.Body.By != "" {
		return nil, badInput("/door", "only in answers")
	}
	told, err := dayOf(r.Body.Told, "/verteldOp")
	if err != nil {
		return nil, err
	}
	p, err := a.node.ExtendPetition(ctx, by, id, typed(r.Body.Why), told)
	if err != nil {
		return nil, err
	}
	return ExtendPetition201JSONResponse{Body: a.petition(p), Headers: ExtendPetition201ResponseHeaders{Location: petitionLocation(id)}}, nil
}

// DecidePetition records what was decided on a petition.
func (a *API) DecidePetition(ctx context.Context, r DecidePetitionRequestObject) (DecidePetitionResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	if r.Body.By != "" {
		return nil, badInput("/door", "only in answers")
	}
	p, err := a.node.DecidePetition(ctx, by, id, exchange.Ruling{
		Outcome: exchange.RulingOutcome(r.Body.Outcome.Code()), Ground: exchange.RefusalGround(r.Body.Ground.Code()), Weighing: typed(r.Body.Weighing),
		Without: each(r.Body.Without, func(p api.Part) exchange.Part { return exchange.Part(p.Code()) }),
	})
	if err != nil {
		return nil, err
	}
	return DecidePetition201JSONResponse{Body: a.petition(p), Headers: DecidePetition201ResponseHeaders{Location: petitionLocation(id)}}, nil
}

// ReportAccess gives the report of a petition for access; the node records it.
func (a *API) ReportAccess(ctx context.Context, r ReportAccessRequestObject) (ReportAccessResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	report, err := a.node.ReportAccess(ctx, by, id, r.Params.Draft)
	if err != nil {
		return nil, err
	}
	return ReportAccess200JSONResponse{Access: accessFrom(report), PDF: report.PDF}, nil
}

func petitionLocation(id exchange.ID) string {
	return base + "/betrokkenenverzoeken/" + string(id) + "/inhoud"
}

// actor reads who acts where no dossier is named.
func actor(id api.ActorID, hat api.Code) (peer.Who, error) {
	by, err := exchange.ParseActorID(id)
	return peer.Who{ID: by, Hat: exchange.CapacityCode(hat)}, err
}

func soughtOf(n api.Sought) (s exchange.Sought, err error) {
	s = exchange.Sought{Name: typed(n.Name), Born: typed(n.Born)}
	if n.BSN != "" {
		s.BSN, err = exchange.ParseBSN(n.BSN)
	}
	return s, err
}

func soughtFrom(s exchange.Sought) api.Sought {
	return api.Sought{BSN: s.BSN.Reveal(), Name: s.Name.Reveal(), Born: s.Born.Reveal()}
}

func (a *API) petition(p exchange.Petition) api.Petition {
	return petitionFrom(a.node.SummaryOfPetition(p))
}

func petitionFrom(s peer.PetitionSummary) api.Petition {
	p := api.Petition{
		ID: string(s.ID), Own: s.Own.String(), Kind: petitionKindOf(s.Kind), Received: dayFrom(s.Received), Due: dayFrom(s.Due), Overdue: s.Overdue,
		Extended: s.Extended, Outcome: rulingOf(s.Outcome),
	}
	if !s.Decided.IsZero() {
		p.Decided = moment(s.Decided)
	}
	return p
}

// complaint is where a person can go, in this order.
var complaint = []string{"de organisatie zelf", "Autoriteit Persoonsgegevens, www.autoriteitpersoonsgegevens.nl", "de rechter"}

func accessFrom(r peer.Report) api.Access {
	return api.Access{
		Form: "sluis-inzage/1", Made: moment(r.Made), Draft: r.Draft, Organisation: r.Organisation, Own: r.Own.String(), Task: sentence(r.Task), Contact: r.Contact,
		ID: string(r.Petition), Received: dayFrom(r.Received), Person: soughtFrom(r.Person),
		Accounts: each(r.Accounts, func(one exchange.Account) api.Account { return accountFrom(one, r.Parties) }),
		Without:  each(r.Without, leftOutFrom), Complaint: complaint,
	}
}

func leftOutFrom(l exchange.LeftOut) api.LeftOut {
	g, _ := exchange.GroundOf(l.Ground)
	return api.LeftOut{Part: partOf(l.Part), Ground: refusalOf(l.Ground), Article: g.Article, Weighing: l.Weighing.Reveal()}
}

func accountFrom(one exchange.Account, names map[exchange.PartyID]string) api.Account {
	p := one.Person
	a := api.Account{
		ID: string(one.ID), Kind: accountKindOf(one.Kind), Purpose: sentence(one.Purpose), Phase: phaseOf(one.Phase), Article: one.Article, Began: moment(one.Began), Others: one.Others,
		Person: api.KnownPerson{
			Standing: standingOf(p.Standing), BSN: p.BSN.Reveal(), Name: p.Name.Reveal(), Born: p.Born.Reveal(), Address: p.Address.Reveal(), Agreed: dayFrom(p.Agreed),
		},
		Specific: one.Specific.Reveal(), Statements: each(one.Statements, saidFrom), Facts: each(one.Facts, factFrom),
		Conditions: each(one.Conditions, conditionFrom), By: roleOf(one.By), Outcome: rulingOf(one.Outcome), Weighing: each(one.Weighing, saidFrom),
		Notes: each(one.Notes, exchange.Personal.Reveal),
		Keep:  api.KeptUntil{Article: one.Keep.Article, Due: dayFrom(one.Keep.Due), Held: dayFrom(one.Held)},
		Questions: each(one.Questions, func(q exchange.Clarification) api.QuestionAndReply {
			return api.QuestionAndReply{Question: q.Question.Reveal(), Reply: q.Reply.Reveal()}
		}),
		Passages: each(one.Passages, func(p exchange.Passed) api.Passed {
			return api.Passed{
				From: p.From.String(), FromName: names[p.From], To: p.To.String(), ToName: names[p.To], At: moment(p.At),
				Items: each(p.Items, plain[string, exchange.ItemCode]),
			}
		}),
	}
	if !one.Decided.IsZero() {
		a.Decided = moment(one.Decided)
	}
	return a
}

func saidFrom(s exchange.Explained) api.Said {
	return api.Said{Ask: sentence(s.Ask), Choice: maybe(s.Choice), Text: s.Text.Reveal()}
}

func factFrom(f exchange.Fact) api.Fact {
	return api.Fact{
		Code: string(f.Item), Name: sentence(f.Name), Category: categoryOf(f.Kind), Asked: depthOf(f.Asked), Why: f.Why.Reveal(), Outcome: outcomeOf(f.Outcome),
		Depth: depthOf(f.Depth), Value: f.Value.Reveal(), Ground: maybe(f.Ground), Reason: f.Reason.Reveal(), Told: f.Told.Reveal(),
	}
}

// maybe is a sentence that can be left out.
func maybe(s exchange.Sentence) *api.Sentence {
	if s == (exchange.Sentence{}) {
		return nil
	}
	one := sentence(s)
	return &one
}

func petitionKindOf(k exchange.PetitionKind) api.PetitionKind {
	w, _ := api.PetitionKindOf(string(k))
	return w
}

func identityOf(p exchange.IdentityProof) api.IdentityProof {
	w, _ := api.IdentityProofOf(string(p))
	return w
}

func rulingOf(o exchange.RulingOutcome) api.RulingOutcome {
	w, _ := api.RulingOutcomeOf(string(o))
	return w
}

func refusalOf(g exchange.RefusalGround) api.RefusalGround {
	w, _ := api.RefusalGroundOf(string(g))
	return w
}

func accountKindOf(k exchange.AccountKind) api.AccountKind {
	w, _ := api.AccountKindOf(string(k))
	return w
}

func partOf(p exchange.Part) api.Part { w, _ := api.PartOf(string(p)); return w }
