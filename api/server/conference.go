package server

import (
	"context"
	"strconv"

	"sluis/api"
	"sluis/exchange"
	"sluis/peer"
)

// Organise begins a case conference.
func (a *API) Organise(ctx context.Context, r OrganiseRequestObject) (OrganiseResponseObject, error) {
	by, of, err := who(r.Params.Actor, r.Params.Hat, r.Body.Case)
	if err != nil {
		return nil, err
	}
	o := peer.Organising{
		Case: of, Person: r.Body.Person, Purpose: exchange.PurposeCode(r.Body.Purpose), Question: typed(r.Body.Question), Ends: r.Body.Ends.UTC(),
		Client: exchange.ClientSeat{Invited: r.Body.Client, Absent: typed(r.Body.Absent), Why: typed(r.Body.AbsentWhy)},
	}
	for _, i := range r.Body.Invited {
		party, err := exchange.ParsePartyID(i.Party)
		if err != nil {
			return nil, err
		}
		o.Invited = append(o.Invited, peer.Invited{Party: party, Why: typed(i.Why)})
	}
	c, err := a.node.OrganiseConference(ctx, by, o)
	if err != nil {
		return nil, err
	}
	return Organise201JSONResponse{Body: a.conferenceFrom(c), Headers: Organise201ResponseHeaders{Location: conferenceLocation(c.ID)}}, nil
}

// ListConferences lists conferences without anything personal.
func (a *API) ListConferences(ctx context.Context, r ListConferencesRequestObject) (ListConferencesResponseObject, error) {
	all, err := a.node.Conferences(ctx, exchange.CapacityCode(r.Params.Hat))
	return ListConferences200JSONResponse{Conferences: each(all, conferenceSummary)}, err
}

// ViewConference returns everything of a conference; the node records the view.
func (a *API) ViewConference(ctx context.Context, r ViewConferenceRequestObject) (ViewConferenceResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	c, said, err := a.node.OpenConference(ctx, by, id)
	if err != nil {
		return nil, err
	}
	s := c.Subject
	content := api.ConferenceContent{
		Conference: a.conferenceFrom(c), Case: string(c.Case), Question: c.Question.Reveal(), Client: c.Client.Invited,
		Absent: c.Client.Absent.Reveal(), AbsentWhy: c.Client.Why.Reveal(),
		Person: api.CasePerson{Standing: standingOf(s.Standing), BSN: s.BSN.Reveal(), Name: s.Name.Reveal(), Born: s.Born.Reveal(), Address: s.Address.Reveal()},
		Seats: each(c.Seats, func(s exchange.Seat) api.Seat {
			return api.Seat{Party: s.Party.String(), State: seatOf(s.State), Why: s.Why.Reveal(), Code: s.Code, Missed: s.Missed}
		}),
		Said: each(said, contributionFrom),
		Agreements: each(c.Agreements, func(g exchange.Agreement) api.Agreement {
			return api.Agreement{Who: g.Who.Reveal(), What: g.What.Reveal(), By: string(g.By), At: moment(g.At)}
		}),
	}
	return ViewConference200JSONResponse(content), nil
}

// AnswerConference says whether we take part.
func (a *API) AnswerConference(ctx context.Context, r AnswerConferenceRequestObject) (AnswerConferenceResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	c, err := a.node.AnswerConference(ctx, by, id, r.Body.Coming)
	if err != nil {
		return nil, err
	}
	return AnswerConference201JSONResponse{Body: a.conferenceFrom(c), Headers: AnswerConference201ResponseHeaders{Location: conferenceLocation(id)}}, nil
}

// Contribute says something in a conference.
func (a *API) Contribute(ctx context.Context, r ContributeRequestObject) (ContributeResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	s, err := speakingOf(*r.Body)
	if err != nil {
		return nil, err
	}
	c, err := a.node.Contribute(ctx, by, id, s)
	if err != nil {
		return nil, err
	}
	return Contribute201JSONResponse{Body: contributionFrom(c), Headers: Contribute201ResponseHeaders{Location: conferenceLocation(id)}}, nil
}

func speakingOf(n api.NewContribution) (s peer.Speaking, err error) {
	for i, item := range n.Items {
		if item.Of != "" {
			return s, badInput("/gegevens/"+strconv.Itoa(i)+"/van", "only in answers")
		}
		said := exchange.Said{Item: exchange.ItemCode(item.Code), Depth: exchange.Depth(item.Depth.Code()), Value: typed(item.Value)}
		if item.From != "" {
			if said.From, err = exchange.ParseID(item.From); err != nil {
				return s, err
			}
		}
		s.Items = append(s.Items, said)
	}
	for _, to := range n.To {
		party, err := exchange.ParsePartyID(to)
		if err != nil {
			return s, err
		}
		s.To = append(s.To, party)
	}
	for i, step := range n.Steps {
		day, err := dayOf(step.Day, "/stappen/"+strconv.Itoa(i)+"/dag")
		if err != nil {
			return s, err
		}
		s.Steps = append(s.Steps, exchange.Step{
			Code: exchange.StepCode(step.Step), Outcome: exchange.OutcomeCode(step.Outcome), Text: typed(step.Text), Day: day, With: exchange.ActorID(step.With),
		})
	}
	s.Told, err = dayOf(n.Told, "/clientWeetSinds")
	return s, err
}

// RecordAgreement writes down who does what.
func (a *API) RecordAgreement(ctx context.Context, r RecordAgreementRequestObject) (RecordAgreementResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	c, err := a.node.RecordAgreement(ctx, by, id, exchange.Agreement{Who: typed(r.Body.Who), What: typed(r.Body.What)})
	if err != nil {
		return nil, err
	}
	return RecordAgreement201JSONResponse{Body: a.conferenceFrom(c), Headers: RecordAgreement201ResponseHeaders{Location: conferenceLocation(id)}}, nil
}

// CloseConference ends a conference.
func (a *API) CloseConference(ctx context.Context, r CloseConferenceRequestObject) (CloseConferenceResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	c, err := a.node.CloseConference(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return CloseConference201JSONResponse{Body: a.conferenceFrom(c), Headers: CloseConference201ResponseHeaders{Location: conferenceLocation(id)}}, nil
}

// EndCoordination hands all back to the college.
func (a *API) EndCoordination(ctx context.Context, r EndCoordinationRequestObject) (EndCoordinationResponseObject, error) {
	by, id, err := who(r.Params.Actor, r.Params.Hat, r.ID)
	if err != nil {
		return nil, err
	}
	told, err := dayOf(r.Body.Told, "/clientWeetSinds")
	if err != nil {
		return nil, err
	}
	c, passed, err := a.node.EndCoordination(ctx, by, id, peer.EndingCoordination{Why: typed(r.Body.Why), Told: told, Leave: r.Body.Leave})
	if err != nil {
		return nil, err
	}
	return EndCoordination201JSONResponse{
		Body: api.HandBack{
			Case: caseFrom(c), To: c.HandBack.To.String(), Passed: each(passed, plain[string, exchange.ID]), Left: len(c.HandBack.Left),
		},
		Headers: EndCoordination201ResponseHeaders{Location: caseLocation(id)},
	}, nil
}

func conferenceLocation(id exchange.ID) string {
	return base + "/casusoverleggen/" + string(id) + "/inhoud"
}

func (a *API) conferenceFrom(c exchange.Conference) api.Conference {
	return conferenceSummary(a.node.ConferenceSummary(c))
}

func conferenceSummary(s peer.ConferenceSummary) api.Conference {
	return api.Conference{
		ID: string(s.ID), Own: s.Own.String(), Organiser: s.Organiser.String(), Purpose: string(s.Purpose), State: seatOf(s.State), Open: s.Open,
		Seats: s.Seats, Coming: s.Coming, Begun: moment(s.Begun), Over: moment(s.Over),
	}
}

func contributionFrom(c exchange.Contribution) api.Contribution {
	return api.Contribution{
		ID: string(c.ID), By: c.By.String(), At: moment(c.At), To: each(c.To, exchange.PartyID.String),
		Items: each(c.Items, func(s exchange.Said) api.SaidItem {
			item := api.SaidItem{Code: string(s.Item), Depth: depthOf(s.Depth), Value: s.Value.Reveal(), From: string(s.From)}
			if s.Of != (exchange.PartyID{}) {
				item.Of = s.Of.String()
			}
			return item
		}),
	}
}

func seatOf(s exchange.SeatState) api.SeatState { w, _ := api.SeatStateOf(string(s)); return w }
