package console

import (
	"net/url"
	"slices"
	"strings"

	"sluis/exchange"
)

// A begun request is one that somebody wrote in a case and did not send (concept). He
// has one for each purpose and party; all of a case are one draft of his, in which
// each stands as an encoded form under its purpose and party.
type begun struct {
	Purpose exchange.PurposeCode
	To      exchange.PartyID
}

func (b begun) name() string { return string(b.Purpose) + " " + b.To.String() }

// At is the form in which he goes on.
func (b begun) At(id exchange.ID) string {
	return "/casussen/" + string(id) + "/verzoek?" + url.Values{"doel": {string(b.Purpose)}, "aan": {b.To.String()}}.Encode()
}

// begunAt is which request the form or the address is about.
func (v *visit) begunAt() (b begun, err error) {
	b.Purpose = exchange.PurposeCode(v.field("doel"))
	if _, ok := v.c.node.Law().Purpose(b.Purpose); !ok {
		return b, errNoPage
	}
	if b.To, err = exchange.ParsePartyID(v.field("aan")); err != nil {
		return b, errNoPage
	}
	return b, nil
}

func (v *visit) keepBegun(id exchange.ID, b begun, form url.Values) error {
	return v.keepNamed(id, b.name(), form)
}

// recallBegun fills in what was kept of a request.
func (v *visit) recallBegun(f *askForm) error {
	all, err := v.drafts(f.Case.ID)
	if err != nil {
		return err
	}
	kept, err := url.ParseQuery(all.Get(begun{f.Purpose.Code, f.To}.name()))
	if err != nil || len(kept) == 0 {
		return nil // it begins empty
	}
	f.Values = kept
	return nil
}

// begunIn lists the begun requests of somebody in a case.
func (v *visit) begunIn(id exchange.ID) (list []begun, err error) {
	all, err := v.drafts(id)
	if err != nil {
		return nil, err
	}
	for name := range all {
		purpose, to, _ := strings.Cut(name, " ")
		party, err := exchange.ParsePartyID(to)
		if _, ok := v.c.node.Law().Purpose(exchange.PurposeCode(purpose)); err != nil || !ok {
			continue
		}
		list = append(list, begun{exchange.PurposeCode(purpose), party})
	}
	slices.SortFunc(list, func(a, b begun) int { return strings.Compare(a.name(), b.name()) })
	return list, nil
}

// keepAsking takes a form that is not to be judged yet: the page keeps itself, or
// somebody goes on later, or throws it away. It reports whether it was one.
func (v *visit) keepAsking() (done bool, err error) {
	if !v.unjudged() {
		return false, nil
	}
	id, err := v.id()
	if err != nil {
		return false, err
	}
	b, err := v.begunAt()
	if err != nil {
		return false, err
	}
	return true, v.keepUnjudged(id, b.name(), "decide.saved", "ask.thrown", v.caseAt(id))
}
