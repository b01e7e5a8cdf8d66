package wire_test

import (
	"strings"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
)

func TestConferenceThereAndBack(t *testing.T) {
	p := newPair(t)
	e := envelope(college, officer)
	e.Follows = wire.Digest{}
	third := exchange.PartyID{OIN: "00000099000000000044", Capacity: "youth-care"}
	subject := exchange.Subject{Standing: exchange.Client, Name: exchange.Hide("J. Fictief"), Born: exchange.Hide("1980-02-29"), Address: exchange.Hide("Voorbeeldstraat 1")}
	c := exchange.Conference{
		ID: e.Exchange, Organiser: college, Purpose: "conference/investigation", Trigger: exchange.TriggerNote{Code: "client-request", On: noon.Truncate(24 * time.Hour)},
		Question: exchange.Hide("wie begint"), Ends: noon.Add(time.Hour), Client: exchange.ClientSeat{Absent: exchange.Hide("stress"), Why: exchange.Hide("te veel")},
		Seats: []exchange.Seat{{Party: officer, Why: exchange.Hide("toezicht")}, {Party: third, Why: exchange.Hide("geheim van een ander")}},
	}
	s, err := wire.SignInvitation(e, c, subject, c.Seats[0].Why, p.keys[college].Signing)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Read(s.Token, []exchange.PartyID{officer}, p.reg, noon)
	if err != nil {
		t.Fatal(err)
	}
	got := m.Conference
	if got.ID != e.Exchange || got.Own != officer || got.Organiser != college || got.Purpose != c.Purpose || got.Trigger != c.Trigger || !got.Ends.Equal(c.Ends) ||
		!got.Question.Equal(c.Question) || !got.Subject.Name.Equal(subject.Name) || got.Client.Invited {
		t.Errorf("the invitation is read as one of %s for %s until %s", got.Organiser, got.Purpose, got.Ends)
	}
	// Why another is necessary, and why the client is not there, stay behind.
	if len(got.Seats) != 2 || !got.Seats[0].Why.Equal(c.Seats[0].Why) || !got.Seats[1].Why.Zero() || !got.Client.Absent.Zero() || !got.Client.Why.Zero() {
		t.Error("an invited party reads what is not for it")
	}
	kept, err := wire.ReadKept(s.Token)
	if err != nil || kept.Kind != wire.Invitation || !kept.Conference.Question.Equal(c.Question) {
		t.Errorf("kept, it is read as a %s, %v", kept.Kind, err)
	}

	for _, coming := range []bool{true, false} {
		s, err := wire.SignConferenceAnswer(e, coming, p.keys[college].Signing)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := wire.Read(s.Token, []exchange.PartyID{officer}, p.reg, noon); err != nil || m.Kind != wire.ConferenceAnswer || m.Coming != coming {
			t.Errorf("coming %t is read as %t, %v", coming, m.Coming, err)
		}
	}

	said := exchange.Contribution{ID: e.Exchange, Items: []exchange.Said{
		{Item: "debt-plan", Depth: exchange.Process, Value: exchange.Hide("loopt tot juni"), Of: third, From: e.Exchange},
		{Item: "debt-total", Depth: exchange.That, Value: exchange.Hide("ja")},
	}, Weighing: exchange.Steps{{Code: "necessary", Outcome: "yes", Text: exchange.Hide("blijft hier")}}}
	s, err = wire.SignContribution(e, said, p.keys[college].Signing)
	if err != nil {
		t.Fatal(err)
	}
	m, err = wire.Read(s.Token, []exchange.PartyID{officer}, p.reg, noon)
	if err != nil || m.Contribution.ID != said.ID || m.Contribution.By != college || len(m.Contribution.Items) != 2 {
		t.Fatalf("said %+v, %v", m.Contribution.ID, err)
	}
	for n, i := range m.Contribution.Items {
		if w := said.Items[n]; i.Item != w.Item || i.Depth != w.Depth || !i.Value.Equal(w.Value) || i.Of != w.Of || i.From != "" {
			t.Errorf("item %d is read as %s at %s", n, i.Item, i.Depth)
		}
	}
	if len(m.Contribution.Weighing) != 0 {
		t.Error("how it was weighed went along")
	}
	said.Items[0].Value = exchange.Hide(strings.Repeat("x", 16<<10+1))
	if _, err := wire.SignContribution(e, said, p.keys[college].Signing); err == nil {
		t.Error("what no node may read is signed")
	}

	if s, err = wire.SignClosing(e, p.keys[college].Signing); err != nil {
		t.Fatal(err)
	}
	if m, err = wire.Read(s.Token, []exchange.PartyID{officer}, p.reg, noon); err != nil || m.Kind != wire.Closing {
		t.Errorf("the closing is read as a %s, %v", m.Kind, err)
	}
	// Nothing may hang behind any of them.
	for _, tail := range []string{"~x~", "\n" + string(s.Token)} {
		if _, err := wire.Read(append(append([]byte{}, s.Token...), tail...), []exchange.PartyID{officer}, p.reg, noon); err == nil {
			t.Errorf("read with %q behind it", tail[:1])
		}
	}
}
