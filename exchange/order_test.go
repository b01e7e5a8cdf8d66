package exchange_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"sluis/exchange"
)

// Each row is broken by the shortest course that breaks it, and not by one that
// keeps it.
func TestOrderRowByRow(t *testing.T) {
	for i, row := range exchange.Rows {
		alone := exchange.NewOrder(exchange.Rows[i : i+1])
		for _, kind := range row.Kinds {
			name := row.Why + ": " + string(kind)
			play := func(kinds ...exchange.EventKind) (broken bool) {
				var c exchange.Course
				for _, k := range kinds {
					broken = alone.Step(&c, k) != nil
				}
				return broken
			}
			for _, of := range row.Of {
				switch row.Rule {
				case exchange.Needs:
					if !play(kind) || play(of, kind) {
						t.Errorf("%s needs %s, and is let through without it, or refused with it", name, of)
					}
				case exchange.NotAfter:
					if play(kind) || !play(of, kind) {
						t.Errorf("%s is refused at first, or let through after %s", name, of)
					}
				case exchange.NoMoreThan:
					if !play(kind) || play(of, kind) || !play(of, kind, kind) || play(of, of, kind, kind) {
						t.Errorf("%s is not counted against %s", name, of)
					}
				default:
					t.Fatalf("row %d has a rule that nobody knows", i)
				}
			}
		}
		if len(row.Kinds) == 0 || len(row.Of) == 0 || row.Why == "" {
			t.Errorf("row %d says nothing, or not why", i)
		}
	}
}

// The courses that the law of exchange.go allows break no row.
func TestOrderOfOrdinaryCourses(t *testing.T) {
	order := exchange.NewOrder(exchange.Rows[:])
	for _, course := range [][]exchange.EventKind{
		{exchange.CaseOpened, exchange.CaseChanged, exchange.Viewed, exchange.CaseClosed, exchange.Viewed, exchange.DossierDestroyed},
		{exchange.RequestIssued, exchange.ReceiptReceived, exchange.AnswerReceived, exchange.Viewed, exchange.Viewed},
		{exchange.RequestIssued, exchange.AnswerReceived, exchange.ReceiptReceived}, // the answer overtook the receipt
		{exchange.RequestIssued, exchange.MessageExpired},
		{exchange.RequestIssued, exchange.MessageRejected},
		{exchange.RequestIssued, exchange.ReceiptReceived, exchange.WithdrawalIssued, exchange.ReceiptReceived},
		{
			exchange.RequestIssued, exchange.ReceiptReceived, exchange.QuestionReceived, exchange.ReplyIssued, exchange.ReceiptReceived,
			exchange.QuestionReceived, exchange.ReplyIssued, exchange.ReceiptReceived, exchange.AnswerReceived,
		},
		{
			exchange.RequestReceived, exchange.Viewed, exchange.Assigned, exchange.StepTaken, exchange.QuestionIssued, exchange.ReceiptReceived,
			exchange.ReplyReceived, exchange.StepTaken, exchange.DecisionProposed, exchange.DecisionReturned, exchange.DecisionProposed,
			exchange.DecisionTaken, exchange.AnswerIssued, exchange.ReceiptReceived, exchange.Viewed, exchange.DossierDestroyed,
		},
		{exchange.RequestReceived, exchange.DecisionTaken, exchange.AnswerIssued, exchange.WithdrawalReceived},
	} {
		var c exchange.Course
		for i, kind := range course {
			if row := order.Step(&c, kind); row != nil {
				t.Errorf("%v: step %d is said to break %q", course, i, row.Why)
			}
		}
	}
}

// Every kind of event.go is in the list, so that an auditor's program knows
// what its own node writes.
func TestEveryEventKindIsListed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "EventKind" {
			kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if seen++; !slices.Contains(exchange.EventKinds[:], exchange.EventKind(kind)) {
				t.Errorf("%s is not in EventKinds", kind)
			}
		}
		return true
	})
	if seen != len(exchange.EventKinds) {
		t.Errorf("event.go has %d kinds, the list %d", seen, len(exchange.EventKinds))
	}
	for _, p := range exchange.Passages {
		if !slices.Contains(exchange.EventKinds[:], p.Issued) || !slices.Contains(exchange.EventKinds[:], p.Received) {
			t.Errorf("the pair of %s has a kind that is not listed", p.Message)
		}
	}
}
