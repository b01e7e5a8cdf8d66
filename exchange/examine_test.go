package exchange

import (
	"errors"
	"fmt"
	"testing"
)

// The one evaluator of the law never allows what it could not judge: whatever
// is wrong stops, and a refusal keeps its code however deep it is wrapped.
func TestFoundFailsClosed(t *testing.T) {
	var none *Refusal
	for _, c := range []struct {
		what string
		err  error
		code Code
	}{
		{"nothing wrong", nil, ""},
		{"a refusal", refuse(BadDepth), BadDepth},
		{"a wrapped refusal", fmt.Errorf("item: %w", refuse(BadDepth)), BadDepth},
		{"joined with another error", errors.Join(errors.New("x"), refuse(BadDepth)), BadDepth},
		{"an error that is no refusal", errors.New("x"), NotJudged},
		{"a refusal that is nil", none, NotJudged},
	} {
		f := found(RuleItem, "", c.err)
		switch {
		case c.code == "" && f.Refusal != nil:
			t.Errorf("%s: refused with %v", c.what, f.Refusal)
		case c.code != "" && (f.Refusal == nil || f.Refusal.Code != c.code):
			t.Errorf("%s: found %v, want %s", c.what, f.Refusal, c.code)
		}
		if err := first(func(yield func(Finding) bool) { yield(f) }); (err == nil) != (c.code == "") {
			t.Errorf("%s: the step gets %v", c.what, err)
		}
	}
}

// Who may not act reads every role that would do, not only the first.
func TestActorMayNotNamesEveryRole(t *testing.T) {
	_, err := Actor{ID: "x", Hat: "desk"}.oneOf([]Role{ReportingDesk, Professional}, "desk", "")
	var r *Refusal
	if !errors.As(err, &r) || r.Code != ActorMayNot || r.Params[1] != "reporting-desk,professional" {
		t.Errorf("refused with %v", err)
	}
}
