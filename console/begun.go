package console

import (
	"net/http"
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

// drafts are what somebody began in a case or a conference, by name. What can't be read
// any more is none.
func (v *visit) drafts(id exchange.ID) (url.Values, error) {
	kept, err := v.c.node.Draft(v.r.Context(), v.who(), id)
	if err != nil {
		return nil, err
	}
	all, err := url.ParseQuery(kept.Reveal())
	if err != nil {
		return url.Values{}, nil
	}
	return all, nil
}

func (v *visit) keepBegun(id exchange.ID, b begun, form url.Values) error {
	return v.keepNamed(id, b.name(), form)
}

// keepNamed keeps a form under its name among the drafts of somebody in a case or a
// conference; nothing in it removes it. Two tabs of one person take turns, so that
// neither takes away what the other kept.
func (v *visit) keepNamed(id exchange.ID, name string, form url.Values) error {
	v.c.beginning.Lock()
	defer v.c.beginning.Unlock()
	all, err := v.drafts(id)
	if err != nil {
		return err
	}
	if len(form) == 0 {
		all.Del(name)
	} else {
		all.Set(name, form.Encode())
	}
	return v.c.node.SaveDraft(v.r.Context(), v.who(), id, exchange.Hide(all.Encode()))
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
	act := v.field("actie")
	if act != "stil" && act != "later" && act != "weg" {
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
	form := hidden(v.r.PostForm)
	if act == "weg" {
		form = nil
	}
	if err := v.keepBegun(id, b, form); err != nil {
		return false, err
	}
	switch act {
	case "stil":
		v.w.WriteHeader(http.StatusNoContent)
		return true, nil
	case "later":
		v.say("decide.saved")
	case "weg":
		v.say("ask.thrown")
	}
	return true, v.redirect(v.caseAt(id))
}
