package exchange

import (
	"strings"
	"testing"
)

var housingOfficer = Actor{ID: "t.oude", Hat: "housing", Roles: []Grant{{Role: PrivacyOfficer, Capacity: "housing"}}}

// M1-218: who weighs can ask the privacy officer; what she says binds nobody.
func TestAdvice(t *testing.T) {
	law := testLaw(t)
	x := accepted(t, law)
	due := x.Request.Due
	x, event, err := x.AskAdvice(law, Hide("mag de huurschuld mee?"), housing, officer, noon)
	if err != nil || event.Kind != AdviceAsked || !x.AdviceAwaited() {
		t.Fatalf("asked: %s, awaited %t, %v", event.Kind, x.AdviceAwaited(), err)
	}
	if got, paused := x.Deadline(); paused || !got.Equal(due) || x.Phase != Weighing {
		t.Errorf("asking in the house moves the deadline to %s (%s)", got, x.Phase)
	}
	for who, by := range map[string]Actor{
		"a professional": officer, "the officer of another capacity": privacyOfficer, "nobody": {},
	} {
		if _, _, err := x.Advise(Hide("ja"), by, noon); err == nil {
			t.Errorf("%s advises", who)
		}
	}
	_, _, err = x.Advise(Hide(" "), housingOfficer, noon)
	wantRefusal(t, "advice of no words", err, ReasonMissing)
	_, _, err = x.AskAdvice(law, Hide(strings.Repeat("x", maxReason+1)), housing, officer, noon)
	wantRefusal(t, "a book", err, BadRequest)
	_, _, err = x.AskAdvice(law, Hide("mag ik?"), housing, housingOfficer, noon)
	wantRefusal(t, "the officer asks herself", err, ActorMayNot)

	x, event, err = x.Advise(Hide("alleen of er schuld is, niet hoeveel"), housingOfficer, noon)
	if err != nil || event.Kind != AdviceGiven || event.Detail.For != officer.ID || x.AdviceAwaited() {
		t.Fatalf("advised: %+v, %v", event, err)
	}
	if len(x.Advice) != 1 || x.Advice[0].Text.Reveal() != "alleen of er schuld is, niet hoeveel" || x.Advice[0].By != housingOfficer.ID {
		t.Errorf("beside the request stands %+v", x.Advice)
	}
	x, _, err = x.Advise(Hide("en vraag eerst toestemming"), housingOfficer, noon)
	if err != nil || len(x.Advice) != 2 || !x.Advice[1].Question.Zero() {
		t.Errorf("unasked: %+v, %v", x.Advice, err)
	}

	// He decides as he did before.
	decided, _, err := x.Decide(law, partial(), housing, officer, Policy{}, noon)
	if err != nil {
		t.Fatalf("against advice: %v", err)
	}
	_, _, err = decided.Advise(Hide("te laat"), housingOfficer, noon)
	wantRefusal(t, "after the decision", err, NotNow)
	_, _, err = decided.AskAdvice(law, Hide("te laat"), housing, officer, noon)
	wantRefusal(t, "after the decision", err, NotNow)

	for len(x.Advice) < maxAdvice {
		if x, _, err = x.AskAdvice(law, Hide("en dit?"), housing, officer, noon); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = x.AskAdvice(law, Hide("en dit?"), housing, officer, noon)
	wantRefusal(t, "an eleventh", err, QuestionsBounded)
	asked := accepted(t, law)
	asked.Side = Asker
	_, _, err = asked.Advise(Hide("ja"), housingOfficer, noon)
	wantRefusal(t, "at the asker", err, WrongSide)
}
