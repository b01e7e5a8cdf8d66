package console

import (
	"net/http"
	"net/url"

	"sluis/exchange"
)

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

// unjudged reports whether a form is not to be judged yet: the page keeps itself, or
// somebody goes on later, or throws it away.
func (v *visit) unjudged() bool {
	switch v.field("actie") {
	case "stil", "later", "weg":
		return true
	}
	return false
}

// keepUnjudged keeps such a form under its name, or removes it, and brings him back with
// the word for what was done. A page that keeps itself stays where it is.
func (v *visit) keepUnjudged(id exchange.ID, name, kept, thrown, back string) error {
	act, form, said := v.field("actie"), hidden(v.r.PostForm), kept
	if act == "weg" {
		form, said = nil, thrown
	}
	if err := v.keepNamed(id, name, form); err != nil {
		return err
	}
	if act == "stil" {
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	v.say(said)
	return v.redirect(back)
}
