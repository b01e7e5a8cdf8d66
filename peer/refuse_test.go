package peer_test

import (
	"context"
	"errors"
	"testing"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
)

// wantCode fails unless err is a refusal, a fault of a message or a fault of
// the node with the code.
func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var refusal *exchange.Refusal
	var bad *wire.Fault
	var own *peer.Fault
	var gate *crypto.GateError
	got := ""
	switch {
	case errors.As(err, &refusal):
		got = string(refusal.Code)
	case errors.As(err, &bad):
		got = bad.Code
	case errors.As(err, &own):
		got = own.Code
	case errors.As(err, &gate):
		got = gate.Code
	}
	if got != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

// I1, I3, I6 at the doors: who may not, does not, and nothing changes.
func TestDoorsRefuse(t *testing.T) {
	w := newWorld(t, municipality, debtHelp, housing)
	a, b := w.members[0], w.members[1]
	ctx := context.Background()
	opened, err := a.node.OpenCase(ctx, requester, caseOf(question(t)))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(ctx context.Context, n *peer.Node, who peer.Who, r exchange.Request) (exchange.Exchange, error) {
		r.Case = opened.ID
		return n.Ask(ctx, who, peer.Asking{Request: r})
	}
	_, before := a.node.Checkpoint()

	_, err = ask(ctx, a.node, professional, question(t))
	wantCode(t, "asked by a professional", err, string(exchange.ActorMayNot))
	_, err = ask(ctx, a.node, peer.Who{ID: "nobody"}, question(t))
	wantCode(t, "asked by nobody we know", err, peer.UnknownActor)
	r := question(t)
	r.To = exchange.PartyID{OIN: housing.OIN, Capacity: "housing"}
	r.Statements = append(r.Statements, exchange.Statement{Code: "beyond-social-domain", Text: exchange.Hide("he may lose his home")})
	r.Items = []exchange.AskedItem{{Item: "rent-arrears", Depth: exchange.That, Why: exchange.Hide("debts")}}
	_, err = ask(ctx, a.node, requester, r)
	wantCode(t, "I6: BSN to a housing corporation", err, string(exchange.BSNNotAllowed))
	r = question(t)
	r.To.OIN = "00000099000009009000"
	_, err = ask(ctx, a.node, requester, r)
	wantCode(t, "a party outside the register", err, peer.UnknownParty)
	_, err = a.node.Open(ctx, requester, "0193a0b0-0000-7000-8000-000000000001")
	wantCode(t, "an exchange that is not there", err, peer.UnknownExchange)
	if _, after := a.node.Checkpoint(); after != before {
		t.Errorf("refused, and yet the ledger grew from %d to %d", before, after)
	}

	x, err := ask(ctx, a.node, requester, question(t))
	if err != nil {
		t.Fatal(err)
	}
	b.wait(x.ID, exchange.Weighing)
	_, err = b.node.Decide(ctx, requester, x.ID, verdict())
	wantCode(t, "I1: decided by a requester", err, string(exchange.ActorMayNot))
	_, err = a.node.Decide(ctx, professional, x.ID, verdict())
	wantCode(t, "decided at the asker", err, string(exchange.WrongSide))
	_, err = b.node.Withdraw(ctx, requester, x.ID)
	wantCode(t, "withdrawn at the supplier", err, string(exchange.WrongSide))
	b.wantKinds(x.ID, exchange.RequestReceived)
}
