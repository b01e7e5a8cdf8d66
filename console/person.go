package console

import (
	"net/url"

	"sluis/exchange"
	"sluis/peer"
)

// drawPersons is the map for looking for somebody.
func (c *Console) drawPersons() {
	officer := []exchange.Role{exchange.PrivacyOfficer}
	c.page("GET /privacy/zoeken", officer, searchPage)
	c.page("POST /privacy/zoeken", officer, search)
}

// A searchForm is the form for looking for somebody, and what was found.
type searchForm struct {
	form
	Reasons []option
	Found   *peer.Found
}

func (v *visit) searchForm() searchForm {
	return searchForm{form: form{Values: v.r.Form}, Reasons: options(v, "search.why.", exchange.SearchReasons[:]...)}
}

func searchPage(v *visit) error {
	return v.show("person-search", v.word("search.title"), v.searchForm())
}

// search shows what the capacity has of somebody. It answers at once: whom it is
// about stands in no address and is not kept.
func search(v *visit) error {
	f := v.searchForm()
	sought := v.sought(&f.form)
	why := exchange.SearchReason(v.field("reden"))
	if why == "" {
		f.wrong("reden", v.word("search.why.missing"))
	}
	f.inOrder("reden", "bsn", "naam", "geboren")
	if len(f.Mistakes) == 0 {
		found, err := v.c.node.SearchPerson(v.r.Context(), v.who(), sought, why)
		if err == nil {
			f.Found, f.Values = &found, url.Values{} // whom it was about need not stay on a screen
		} else if err := v.refused(&f.form, err, petitionFields); err != nil {
			return err
		}
	}
	return v.show("person-search", v.word("search.title"), f)
}
