package exchange

import (
	"slices"
	"testing"
)

func TestNumberInText(t *testing.T) {
	for text, want := range map[string]bool{
		"999993847": true, "bsn 999993847.": true, "9999.93.847": true, "999 993 847": true, "999-993-847": true, "flat 12 999993847": true,
		"999993848": false, "9999938470": false, "0999993847": false, "999993,847": false, "": false, "6 weeks": false,
		"A. Jansen, 06-00000000": false, "23-11-2026": false, "9999938": false, "999993847 ": true, "x999993847x": true,
	} {
		if Hide(text).holdsBSN() != want {
			t.Errorf("%q: holds a number is %v", text, !want)
		}
	}
}

// Art. 5.4.2(5), I6: no free text of a request, question, reply or answer brings
// a citizen service number to a party that may not process it; the refusal names
// the place and never the number. Between parties that may, a text is a text.
func TestNoNumberInFreeText(t *testing.T) {
	law, number := testLaw(t), Hide("see 999 993 847")
	for field, change := range map[string]func(*Request){
		"specific":    func(r *Request) { r.Specific = number },
		"contact":     func(r *Request) { r.Contact = number },
		"subject":     func(r *Request) { r.Subject.Address = number },
		"involvement": func(r *Request) { r.Involvement.Why = number },
		"statements":  func(r *Request) { r.Statements[1].Text = number },
		"rent-arrears": func(r *Request) {
			r.Items[0].Why = number
		},
	} {
		r := toHousing()
		change(&r)
		_, _, err := ask(law, r, college, housing, requester, noon)
		wantNumber(t, field+", at the asker", err, field)
		_, _, err = Accept(law, r, college, housing, noon)
		wantNumber(t, field+", at the supplier", err, field)
	}
	r := toProbation(t)
	r.Specific, r.Items[0].Why = number, number
	if _, _, err := ask(law, r, college, probation, requester, noon); err != nil {
		t.Errorf("between parties that may have it: %v", err)
	}
	_, _, err := Ask(law, Asking{Case: caseOf(toHousing()), Request: toHousing(), From: college, To: housing, By: requester, At: noon, Broad: number})
	wantNumber(t, "why so many", err, "broad")

	held := accepted(t, law)
	_, _, err = held.Question(law, number, housing, officer, noon)
	wantNumber(t, "a question", err, "question")
	for what, change := range map[string]func(*Decision){
		"value": func(d *Decision) { d.Items[0].Value = number }, "tell": func(d *Decision) { d.Items[0].Tell = number },
	} {
		d := partial()
		d.Items = slices.Clone(d.Items)
		change(&d)
		_, _, err = held.Decide(law, d, housing, officer, Policy{}, noon)
		wantNumber(t, what, err, "rent-arrears")
	}
	d := partial()
	d.Items[1].Reason = number // stays with the party
	if _, _, err := held.Decide(law, d, housing, officer, Policy{}, noon); err != nil {
		t.Errorf("a reason that stays here: %v", err)
	}
	asked, _, err := ask(law, toHousing(), college, housing, requester, noon)
	if err != nil {
		t.Fatal(err)
	}
	asked, _, err = asked.ReceiveQuestion(Hide("which year?"), noon, noon)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = asked.Reply(law, number, college, requester, noon)
	wantNumber(t, "a reply", err, "reply")
}

func wantNumber(t *testing.T, what string, err error, place string) {
	t.Helper()
	wantRefusal(t, what, err, BSNNotAllowed)
	if r, ok := err.(*Refusal); ok && (len(r.Params) < 2 || r.Params[1] != place) {
		t.Errorf("%s: it names %v, want %s", what, r.Params, place)
	}
}
