package console

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"sluis/exchange"
	"sluis/peer"
)

// An unsaid contribution is one that somebody wrote in a conference and did not say
// (concept): his own words, or for an answer what he chose from it. All of a
// conference are one draft of his, in which each stands as an encoded form.
type unsaid struct {
	Meeting exchange.ID
	From    exchange.ID // the answer that it is from; "" for his own words
}

// name is that of the form in the draft.
func (u unsaid) name() string {
	if u.From == "" {
		return "eigen"
	}
	return string(u.From)
}

// At is the form in which he goes on.
func (u unsaid) At() string {
	at := "/overleg/" + string(u.Meeting) + "/inbreng"
	if u.From != "" {
		at += "?" + url.Values{"uit": {string(u.From)}}.Encode()
	}
	return at
}

// unsaidIn lists what somebody began to say in a conference: his own words first.
// Where it is over meanwhile, there is nothing.
func (v *visit) unsaidIn(id exchange.ID) (list []unsaid, err error) {
	all, err := v.drafts(id)
	var refusal *exchange.Refusal
	if errors.As(err, &refusal) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for name := range all {
		u := unsaid{Meeting: id}
		if name != u.name() {
			if u.From, err = exchange.ParseID(name); err != nil {
				continue
			}
		}
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b unsaid) int { return strings.Compare(string(a.From), string(b.From)) })
	return list, nil
}

// unsaidWork lists what somebody began to say in all conferences that go on.
func (v *visit) unsaidWork(all []peer.ConferenceSummary) (list []unsaid, err error) {
	for _, s := range all {
		if !s.Open || s.State != "" && s.State != exchange.SeatComing {
			continue
		}
		in, err := v.unsaidIn(s.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, in...)
	}
	return list, nil
}

// recallUnsaid fills in what was kept of a contribution, and reports whether
// anything was.
func (v *visit) recallUnsaid(s *speaking) (bool, error) {
	all, err := v.drafts(s.ID)
	if err != nil {
		return false, err
	}
	kept, err := url.ParseQuery(all.Get(unsaid{s.ID, s.From}.name()))
	if err != nil || len(kept) == 0 {
		return false, nil // it begins empty
	}
	s.Values = kept
	return true, nil
}

// keepSpeaking takes a form that is not to be judged yet: the page keeps itself, or
// somebody goes on later, or throws it away. It reports whether it was one.
func (v *visit) keepSpeaking() (done bool, err error) {
	if !v.unjudged() {
		return false, nil
	}
	u := unsaid{}
	if u.Meeting, err = v.id(); err != nil {
		return false, err
	}
	if from := v.field("uit"); from != "" {
		if u.From, err = exchange.ParseID(from); err != nil {
			return false, errNoPage
		}
	}
	return true, v.keepUnjudged(u.Meeting, u.name(), "unsaid.kept", "unsaid.thrown", "/overleg/"+string(u.Meeting))
}
