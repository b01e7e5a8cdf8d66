package console

import (
	"net/url"
	"slices"

	"sluis/console/signin"
	"sluis/exchange"
)

// drawAccount is the map of what somebody sees of himself.
func (c *Console) drawAccount() {
	c.all("GET /account", accountPage)
	c.all("POST /account", changeHat)
	c.all("POST /account/sessie", endSession)
	c.all("POST /account/sleutel", removePasskey)
	c.all("POST /account/herstelcodes", renewRecovery)
	c.open("GET /account/wachtwoord", changePasswordPage)
	c.open("POST /account/wachtwoord", changePassword)
}

// A hat is one role in one capacity that somebody can work in.
type hat struct {
	exchange.Grant
	Domain  exchange.DomainCode
	Current bool
}

// An account is what somebody sees of himself: his roles, by what he signs in,
// and where he is signed in.
type account struct {
	Hats []hat
	signin.Credentials
	Local, PasskeysHere bool
	// Fresh says that he may change by what he signs in.
	Fresh    bool
	Here     string // the ID of this session
	Sessions []signin.Session
}

// accountPage shows who is signed in, and in which roles he can work.
func accountPage(v *visit) error {
	d := v.c.door
	a := account{
		Local: d.HasLocal(), PasskeysHere: d.HasPasskeys(), Fresh: d.Fresh(v.signed), Here: v.signed.ID, Sessions: d.Sessions(v.signed),
	}
	var err error
	if a.Credentials, err = d.Credentials(v.r.Context(), v.actor.ID); err != nil {
		return err
	}
	for _, g := range v.actor.Roles {
		c, _ := v.c.node.Identity().Capacity(g.Capacity)
		a.Hats = append(a.Hats, hat{Grant: g, Domain: c.Domain, Current: g.Role == v.session.role && g.Capacity == v.session.hat})
	}
	return v.show("account", v.word("account.title"), a)
}

// changeHat goes on in another role or capacity: data are kept apart per
// capacity, so nothing of the one is seen in the other (memorandum §4.3.3).
func changeHat(v *visit) error {
	role, capacity := exchange.Role(v.field("rol")), exchange.CapacityCode(v.field("pet"))
	if !slices.ContainsFunc(v.actor.Roles, func(g exchange.Grant) bool { return g.Role == role && g.Capacity == capacity }) {
		return errRole
	}
	if _, err := v.c.door.Wear(v.r, role, capacity); err != nil {
		return err
	}
	return v.redirect("/")
}

// endSession signs somebody out in another browser of his.
func endSession(v *visit) error {
	if err := v.c.door.EndSession(v.r.Context(), v.signed, v.field("sessie")); err != nil {
		return err
	}
	v.say("account.ended")
	return v.redirect("/account")
}

// removePasskey ends one of his passkeys.
func removePasskey(v *visit) error {
	if err := v.c.door.RemovePasskey(v.r, v.field("sleutel")); err != nil {
		return err
	}
	v.say("account.key-gone")
	return v.redirect("/account")
}

// renewRecovery shows new recovery codes, this once.
func renewRecovery(v *visit) error {
	codes, err := v.c.door.NewRecoveryCodes(v.r)
	if err != nil {
		return err
	}
	return v.show("recovery", v.word("recovery.title"), recovery{Codes: codes, SignedIn: true})
}

// changePasswordPage asks for the old password and the new one. It is open, and
// the door holds who sends it to his session: a password that comes in late must
// not be kept.
func changePasswordPage(v *visit) error {
	if v.session.actor == "" {
		return v.redirect(signin.SignInPath)
	}
	return v.show("password-change", v.word("password.change"), form{})
}

func changePassword(v *visit) error {
	sent := v.r.PostForm
	said := mistake{Field: "nogmaals", Text: v.word("password.differs")}
	if sent.Get("nieuw") == sent.Get("nogmaals") {
		err := v.c.door.ChangePassword(v.r, sent.Get("wachtwoord"), sent.Get("nieuw"), v.field("code"))
		if err == nil {
			v.say("account.password-set")
			return v.redirect("/account")
		}
		field, mine := map[string]string{signin.BadNewPassword: "nieuw", signin.SignInRefused: "wachtwoord", signin.SignInLater: ""}[codeOf(err)]
		if !mine {
			return v.signedInFirst(err)
		}
		said = v.advice(err)
		said.Field = field
	}
	return v.show("password-change", v.word("password.change"), form{Values: url.Values{}, Mistakes: []mistake{said}})
}

// aboutPage tells what this is: which version, to who is signed in.
func aboutPage(v *visit) error {
	_, size := v.c.node.Checkpoint()
	return v.show("about", v.word("about.title"), struct {
		SignedIn bool
		Version  string
		Entries  uint64
	}{v.session.actor != "", v.c.o.Version, size})
}
