package wire

import (
	"encoding/json"
	"time"

	"sluis/crypto"
	"sluis/exchange"
)

// A case conference has no centre: each message of it goes from one party to one
// other, and names the conference as its exchange.

type invitationBody struct {
	Purpose  exchange.PurposeCode `json:"purpose"`
	Trigger  triggerBody          `json:"trigger"`
	Subject  subjectBody          `json:"subject"`
	Question string               `json:"question"`
	Why      string               `json:"why"`
	Client   bool                 `json:"client"`
	Invited  []exchange.PartyID   `json:"invited"`
	Ends     time.Time            `json:"ends"`
}

type comingBody struct {
	Coming bool `json:"coming"`
}

type contributionBody struct {
	Contribution exchange.ID `json:"contribution"`
	Items        []saidBody  `json:"items"`
}

type saidBody struct {
	Item  exchange.ItemCode `json:"item"`
	Depth exchange.Depth    `json:"depth"`
	Value string            `json:"value"`
	Of    *exchange.PartyID `json:"of,omitempty"`
}

// SignInvitation signs the invitation of one party: why it is necessary, and
// whom it is about as it may know him. Why others are, it does not read.
func SignInvitation(e Envelope, c exchange.Conference, subject exchange.Subject, why exchange.Personal, key crypto.Signer) (Signed, error) {
	b := invitationBody{
		Purpose: c.Purpose, Trigger: triggerBody{Code: c.Trigger.Code, On: c.Trigger.On.UTC().Format(time.DateOnly)}, Subject: encodeSubject(subject),
		Question: c.Question.Reveal(), Why: why.Reveal(), Client: c.Client.Invited, Ends: c.Ends.UTC().Truncate(time.Second),
	}
	for _, s := range c.Seats {
		b.Invited = append(b.Invited, s.Party)
	}
	return signWith(Invitation, e, b, nil, nil, key)
}

// SignConferenceAnswer signs whether a party takes part.
func SignConferenceAnswer(e Envelope, coming bool, key crypto.Signer) (Signed, error) {
	return signWith(ConferenceAnswer, e, comingBody{coming}, nil, nil, key)
}

// SignContribution signs what a party says, to one of those who hear it.
func SignContribution(e Envelope, c exchange.Contribution, key crypto.Signer) (Signed, error) {
	b := contributionBody{Contribution: c.ID}
	for _, i := range c.Items {
		said := saidBody{Item: i.Item, Depth: i.Depth, Value: i.Value.Reveal()}
		if i.Of != (exchange.PartyID{}) {
			said.Of = &i.Of
		}
		b.Items = append(b.Items, said)
	}
	return signWith(Contribution, e, b, nil, nil, key)
}

// SignClosing signs the end of a conference.
func SignClosing(e Envelope, key crypto.Signer) (Signed, error) {
	return sign(Closing, e, json.RawMessage(`{}`), key)
}

// readConference reads the bodies of this file.
func (m *Message) readConference(body json.RawMessage) error {
	switch m.Kind {
	case Invitation:
		return m.readInvitation(body)
	case ConferenceAnswer:
		var b comingBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		m.Coming = b.Coming
	case Contribution:
		var b contributionBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fault(MessageSchema)
		}
		m.Contribution = exchange.Contribution{ID: b.Contribution, By: m.From, At: m.At}
		for _, i := range b.Items {
			said := exchange.Said{Item: i.Item, Depth: i.Depth, Value: exchange.Hide(i.Value)}
			if i.Of != nil {
				said.Of = *i.Of
			}
			m.Contribution.Items = append(m.Contribution.Items, said)
		}
	}
	return nil
}

func (m *Message) readInvitation(body json.RawMessage) error {
	var b invitationBody
	if err := json.Unmarshal(body, &b); err != nil {
		return fault(MessageSchema)
	}
	on, err := time.Parse(time.DateOnly, b.Trigger.On)
	if err != nil {
		return fault(MessageSchema)
	}
	c := exchange.Conference{
		ID: m.Exchange, Own: m.To, Organiser: m.From, Purpose: b.Purpose, Trigger: exchange.TriggerNote{Code: b.Trigger.Code, On: on},
		Question: exchange.Hide(b.Question), Client: exchange.ClientSeat{Invited: b.Client}, Ends: b.Ends.UTC(),
	}
	if c.Subject, err = b.Subject.subject(); err != nil {
		return err
	}
	for _, p := range b.Invited {
		s := exchange.Seat{Party: p}
		if p == m.To {
			s.Why = exchange.Hide(b.Why)
		}
		c.Seats = append(c.Seats, s)
	}
	m.Conference = c
	return nil
}
