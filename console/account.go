package console

import (
	"slices"

	"sluis/exchange"
)

// A hat is one role in one capacity that somebody can work in.
type hat struct {
	exchange.Grant
	Domain  exchange.DomainCode
	Current bool
}

// accountPage shows who is signed in, and in which roles he can work.
func accountPage(v *visit) error {
	var all []hat
	for _, g := range v.actor.Roles {
		c, _ := v.c.node.Identity().Capacity(g.Capacity)
		all = append(all, hat{Grant: g, Domain: c.Domain, Current: g.Role == v.session.role && g.Capacity == v.session.hat})
	}
	return v.show("account", v.word("account.title"), all)
}

// changeHat goes on in another role or capacity: data are kept apart per
// capacity, so nothing of the one is seen in the other (memorandum §4.3.3).
func changeHat(v *visit) error {
	role, capacity := exchange.Role(v.field("rol")), exchange.CapacityCode(v.field("pet"))
	if !slices.ContainsFunc(v.actor.Roles, func(g exchange.Grant) bool { return g.Role == role && g.Capacity == capacity }) {
		return errRole
	}
	v.c.sessions.edit(v.token, func(s *session) { s.role, s.hat = role, capacity })
	return v.redirect("/")
}

// aboutPage tells what this is.
func aboutPage(v *visit) error {
	_, size := v.c.node.Checkpoint()
	return v.show("about", v.word("about.title"), struct {
		Version string
		Entries uint64
	}{v.c.o.Version, size})
}
