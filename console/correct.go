package console

import (
	"net/url"
	"slices"

	"sluis/exchange"
	"sluis/peer"
)

// handledShown bounds the list of what was decided.
const handledShown = 100

// listHandled lists what was decided last: where somebody sees what became of
// what he supplied, and puts right what was wrong.
func listHandled(v *visit) error {
	all, err := v.everything(peer.Filter{Side: exchange.Supplier, Hat: v.session.hat})
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s peer.Summary) bool { return !s.Phase.Ended() && s.Phase != exchange.Decided })
	slices.SortStableFunc(all, func(a, b peer.Summary) int { return b.Changed.Compare(a.Changed) })
	all = all[:min(handledShown, len(all))]
	if v.field("deel") != "" {
		return v.part("passing-handled", "handled-list", all)
	}
	return v.show("passing-handled", v.word("handled.title"), all)
}

// A correctForm is the page on which somebody puts right what he supplied.
type correctForm struct {
	asked
	Items   []suppliedItem
	Kinds   []exchange.CorrectionKind
	Told    []exchange.CorrectedAt
	Chosen  suppliedItem
	Correct exchange.Correction
}

// correctForm reads what was supplied in the exchange of the path.
func (v *visit) correctForm() (f correctForm, err error) {
	if f.asked, err = v.read(); err != nil {
		return f, err
	}
	if f.Phase != exchange.Answered && f.Phase != exchange.Decided {
		return f, errNoPage
	}
	for _, i := range suppliedBy(f.Exchange) {
		if i.Mark != exchange.MarkErased {
			f.Items = append(f.Items, i)
		}
	}
	if len(f.Items) == 0 {
		return f, errNoPage
	}
	restricted := slices.ContainsFunc(f.Items, func(i suppliedItem) bool { return i.Mark == exchange.MarkRestricted })
	for _, k := range exchange.CorrectionKinds {
		if k != exchange.Lifting || restricted {
			f.Kinds = append(f.Kinds, k)
		}
	}
	return f, nil
}

func correctPage(v *visit) error {
	f, err := v.correctForm()
	if err != nil {
		return err
	}
	return v.show("passing-correct", v.word("correct.title"), f)
}

// correct shows who will be told what, and does it from there.
func correct(v *visit) error {
	f, err := v.correctForm()
	if err != nil {
		return err
	}
	if v.field("actie") == "terug" {
		return v.show("passing-correct", v.word("correct.title"), f)
	}
	v.correction(&f)
	if len(f.Mistakes) == 0 && v.field("actie") == "versturen" {
		if _, err := v.c.node.Correct(v.r.Context(), v.who(), f.ID, f.Correct); err != nil {
			f.Mistakes = append(f.Mistakes, v.advice(err))
		} else {
			v.say("correct.sent")
			return v.redirect("/werkbak/" + string(f.ID))
		}
	}
	if len(f.Mistakes) > 0 {
		return v.show("passing-correct", v.word("correct.title"), f)
	}
	f.Told = f.Received(f.Correct, v.c.now())
	return v.show("passing-correct-check", v.word("correct.check"), f)
}

// correction makes the correction of the form, and says what is missing in it.
func (v *visit) correction(f *correctForm) {
	at := slices.IndexFunc(f.Items, func(i suppliedItem) bool { return string(i.Item) == v.field("gegeven") })
	if at < 0 {
		f.wrong("gegeven", v.word("correct.item.missing"))
	} else {
		f.Chosen = f.Items[at]
	}
	f.Correct = exchange.Correction{Kind: exchange.CorrectionKind(v.field("soort")), Why: v.text("waarom")}
	one := exchange.CorrectedItem{Item: f.Chosen.Item}
	switch {
	case !slices.Contains(f.Kinds, f.Correct.Kind):
		f.wrong("soort", v.word("correct.kind.missing"))
	case f.Correct.Kind == exchange.Rectification:
		one.Depth, one.Value = f.Chosen.Depth, v.text("waarde")
		if one.Value.Blank() {
			f.wrong("waarde", v.word("correct.value.missing"))
		}
	case v.field("waarde") != "":
		f.wrong("waarde", v.word("correct.value.surplus"))
	}
	if f.Correct.Why.Blank() {
		f.wrong("waarom", v.word("correct.why.missing"))
	}
	f.Correct.Items = []exchange.CorrectedItem{one}
}

// Hidden is the form as it goes along with the check.
func (f correctForm) Hidden() url.Values { return hidden(f.Values) }
