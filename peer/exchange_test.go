package peer_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"sluis/exchange"
)

// The spine: asked, delivered, decided, answered, with an entry for each step
// on both sides and a receipt for each message.
func TestOneExchange(t *testing.T) {
	w := newWorld(t, municipality, debtHelp)
	a, b := w.members[0], w.members[1]
	x, err := ask(context.Background(), a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Delivered)
	b.wait(x.ID, exchange.Weighing)
	if _, err := b.node.Decide(context.Background(), professional, x.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	a.wait(x.ID, exchange.Answered)
	b.wait(x.ID, exchange.Answered)

	got, err := a.node.Open(context.Background(), requester, x.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range got.Answer.Items {
		switch i.Item {
		case "debt-plan":
			if i.Value.Reveal() != "meldplicht tot en met maart" || i.Depth != exchange.Process {
				t.Errorf("supplied item arrived as %s, depth %s", i.Outcome, i.Depth)
			}
		case "debt-creditors":
			if i.Outcome != exchange.Withhold || !i.Value.Zero() || i.Tell.Reveal() != "bel mij" {
				t.Errorf("withheld item arrived as %s", i.Outcome)
			}
		}
	}
	if len(got.Answer.Items) != 2 || len(got.Answer.Conditions) != 1 || got.Answer.Conditions[0].Code != exchange.AskFirst {
		t.Errorf("answer has %d items and %d conditions", len(got.Answer.Items), len(got.Answer.Conditions))
	}
	a.wantKinds(x.ID, exchange.RequestIssued, exchange.ReceiptReceived, exchange.AnswerReceived, exchange.Viewed)
	b.wantKinds(x.ID, exchange.RequestReceived, exchange.DecisionTaken, exchange.AnswerIssued, exchange.ReceiptReceived)
	for _, m := range []*member{a, b} {
		notes, err := m.node.Messages(context.Background(), x.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		sent := 0
		for _, n := range notes {
			if n.Sent {
				sent++
				if n.Partner == nil {
					t.Errorf("%s: no receipt is kept for its %s", m.party.Name, n.Kind)
				}
			}
		}
		if sent != 1 || len(notes) != 3 {
			t.Errorf("%s: keeps %d messages, %d of them sent; want 3 and 1", m.party.Name, len(notes), sent)
		}
	}
}

// I6: whether a text may hold a citizen service number is known to the stored
// exchange, on both sides: it is refused toward a party that may not have it.
func TestNumberInTextAfterStoring(t *testing.T) {
	for _, may := range []bool{true, false} {
		other := debtHelp
		other.Capacities = slices.Clone(debtHelp.Capacities)
		other.Capacities[0].MayProcessBSN = may
		w := newWorld(t, municipality, other)
		a, b := w.members[0], w.members[1]
		r := question(t)
		r.Subject = exchange.Subject{
			Standing: exchange.Client, Name: exchange.Hide("J. Fictief"), Born: exchange.Hide("1980-02-29"), Address: exchange.Hide("Sluisweg 12"),
		}
		x, err := ask(context.Background(), a.node, requester, r)
		if err != nil {
			t.Fatal(err)
		}
		b.wait(x.ID, exchange.Weighing)
		_, err = b.node.Question(context.Background(), professional, x.ID, exchange.Hide("is it 999993847?"))
		if may && err != nil || !may && !errors.Is(err, &exchange.Refusal{Code: exchange.BSNNotAllowed}) {
			t.Errorf("may have it is %v: a question with a number gives %v", may, err)
		}
	}
}
