package console

import (
	"context"
	"errors"
	"time"

	"sluis/console/signin"
	"sluis/exchange"
)

// drawStaff is the map of who may come in, for the administrator. What somebody
// may do is set at the node's own door, with sluis staff: who could give himself
// a role in a browser could read along.
func (c *Console) drawStaff() {
	keeper := []exchange.Role{exchange.Administrator}
	c.page("GET /medewerkers", keeper, staffPage)
	// Whom it is about stands in the form: the code of a colleague is nearly his name.
	c.page("POST /medewerkers/uitnodigen", keeper, inviteColleague)
	c.page("POST /medewerkers/koppelen", keeper, linkColleague)
	c.page("POST /medewerkers/intrekken", keeper, withdrawColleague)
}

// An Invitation is a link by which a member of staff sets by what he signs in.
type Invitation struct {
	URL   string
	Until time.Time
}

// Invite makes an invitation for a member of staff, for who holds the node's own
// door: the first administrator can't be invited by another.
func (c *Console) Invite(ctx context.Context, id exchange.ActorID) (Invitation, error) {
	return c.invite(ctx, nil, id)
}

func (c *Console) invite(ctx context.Context, by *signin.Session, id exchange.ActorID) (Invitation, error) {
	i, err := c.door.Invite(ctx, by, id)
	if err != nil {
		return Invitation{}, err
	}
	return Invitation{URL: c.o.Config.PublicURL + invitationPath + "#" + i.Token, Until: i.Until}, nil
}

// A colleague is a member of staff, with by what he signs in.
type colleague struct {
	exchange.Actor
	signin.Credentials
}

// In reports whether he can sign in by anything.
func (c colleague) In() bool { return c.Password || len(c.Passkeys) > 0 || c.Linked }

// A staffList is everybody who works here, and by what people can sign in here.
type staffList struct {
	Here, Left      []colleague
	Local, Provider bool
}

func staffPage(v *visit) error {
	all, err := v.c.node.Staff(v.r.Context())
	if err != nil {
		return err
	}
	list := staffList{Local: v.c.door.HasLocal(), Provider: v.c.door.HasProvider()}
	for _, a := range all {
		if !a.Ended.IsZero() {
			list.Left = append(list.Left, colleague{Actor: a})
			continue
		}
		by, err := v.c.door.Credentials(v.r.Context(), a.ID)
		if err != nil {
			return err
		}
		list.Here = append(list.Here, colleague{a, by})
	}
	return v.show("staff", v.word("staff.title"), list)
}

// whose is the member of staff whom a form is about.
func (v *visit) whose() (exchange.Actor, error) {
	id, err := exchange.ParseActorID(v.field("wie"))
	if err != nil {
		return exchange.Actor{}, errNoPage
	}
	return v.c.node.StaffMember(v.r.Context(), id)
}

// inviteColleague shows the link, this once.
func inviteColleague(v *visit) error {
	a, err := v.whose()
	if err != nil {
		return err
	}
	i, err := v.c.invite(v.r.Context(), &v.signed, a.ID)
	if err != nil {
		return err
	}
	return v.show("staff-invited", v.word("staff.invited"), struct {
		Name exchange.Personal
		Invitation
	}{a.Name, i})
}

// A staffForm is a page about one member of staff.
type staffForm struct {
	form
	ID   exchange.ActorID
	Name exchange.Personal
}

func (v *visit) aboutColleague(page, title string, f form) error {
	a, err := v.whose()
	if err != nil {
		return err
	}
	return v.show(page, v.word(title), staffForm{form: f, ID: a.ID, Name: a.Name})
}

// linkColleague asks and says what the identity provider calls him.
func linkColleague(v *visit) error {
	a, err := v.whose()
	if err != nil {
		return err
	}
	if v.field("actie") == "" {
		return v.aboutColleague("staff-link", "staff.link", form{})
	}
	err = v.c.door.Link(v.r.Context(), &v.signed, a.ID, v.field("naam"))
	switch {
	case err == nil:
		v.say("staff.linked")
		return v.redirect("/medewerkers")
	case errors.Is(err, &signin.Fault{Code: signin.LinkTaken}), errors.Is(err, &signin.Fault{Code: signin.BadLink}):
		said := v.advice(err)
		said.Field = "naam"
		return v.aboutColleague("staff-link", "staff.link", form{Values: v.r.PostForm, Mistakes: []mistake{said}})
	}
	return err
}

// withdrawColleague asks whether, and then ends by what he signs in, and signs him
// out.
func withdrawColleague(v *visit) error {
	a, err := v.whose()
	if err != nil {
		return err
	}
	if v.field("actie") == "" {
		return v.aboutColleague("staff-withdraw", "staff.withdraw", form{})
	}
	if err := v.c.door.Withdraw(v.r.Context(), &v.signed, a.ID); err != nil {
		return err
	}
	v.say("staff.withdrawn")
	return v.redirect("/medewerkers")
}
