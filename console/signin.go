package console

import (
	"net/http"
	"slices"
	"time"

	"sluis/exchange"
)

// start brings somebody to where his role begins.
func start(v *visit) error {
	pages := homes[v.session.role]
	if len(pages) == 0 {
		return v.redirect("/account")
	}
	return v.redirect(pages[0])
}

// signInPage says how to sign in.
func signInPage(v *visit) error {
	return v.show("signin", v.word("signin.title"), struct{ Ended bool }{v.session.actor != ""})
}

// Link makes a path that signs somebody in without more, for one hat and role.
// It is for a test network only, and for a day.
func (c *Console) Link(actor exchange.ActorID, hat exchange.CapacityCode, role exchange.Role) string {
	secret := token()
	c.sessions.mu.Lock()
	defer c.sessions.mu.Unlock()
	c.sessions.links[keyOf(secret)] = session{actor: actor, hat: hat, role: role, begun: c.now()}
	return "/inloggen/" + secret
}

// signInByLink signs in who has a link of a test network.
func signInByLink(v *visit) error {
	if !v.c.o.Test {
		return errNoPage
	}
	v.c.sessions.mu.Lock()
	link, ok := v.c.sessions.links[keyOf(v.r.PathValue("token"))]
	v.c.sessions.mu.Unlock()
	if !ok || v.c.now().Sub(link.begun) > linkLife {
		return errNoPage
	}
	return v.admit(session{actor: link.actor, hat: link.hat, role: link.role})
}

// admit begins a session, and goes on where an earlier one of the same person
// ended.
func (v *visit) admit(s session) error {
	before := v.pull(s.actor)
	if before != nil && before.form != nil {
		s.parked = before
	}
	secret := v.c.sessions.begin(s)
	http.SetCookie(v.w, v.cookie(secret))
	to := "/"
	if before != nil {
		to = before.path
	}
	return v.redirect(to)
}

// signOut ends the session, or all of them.
func signOut(v *visit) error {
	v.c.sessions.end(v.token, v.field("overal") != "")
	http.SetCookie(v.w, v.cookie(""))
	return v.redirect("/inloggen")
}

// chooseLanguage remembers the language in the browser.
func chooseLanguage(v *visit) error {
	lang, back := v.field("taal"), v.field("terug")
	if !slices.Contains(languages, lang) || len(back) == 0 || back[0] != '/' || len(back) > 1 && (back[1] == '/' || back[1] == '\\') {
		return errNoPage
	}
	const year = 365 * 24 * time.Hour
	http.SetCookie(v.w, &http.Cookie{
		Name: "taal", Value: lang, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: v.r.TLS != nil, MaxAge: int(year.Seconds()),
	})
	return v.redirect(back)
}
