package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"sluis/console/signin"
	"sluis/exchange"
	"sluis/peer"
)

// drawSignIn is the map of the door: what anybody may open.
func (c *Console) drawSignIn() {
	c.open("GET "+signin.SignInPath, signInPage)
	c.open("POST "+signin.SignInPath, signInByPassword)
	c.open("GET "+signin.SignInPath+"/organisatie", toProvider)
	c.open("GET "+signin.CallbackPath, fromProvider)
	c.open("GET "+signin.SignInPath+"/{token}", signInByLink)
	c.mux.Handle("POST "+signin.PasskeyPath, c.door.Passkeys())
	c.all("GET /verder", goOn)
	c.open("POST /uitloggen", signOut)
	c.open("GET "+invitationPath, invitationPage)
	c.open("POST "+invitationPath, invited)
	c.open("GET "+passwordPath, newPasswordPage)
	c.open("POST "+passwordPath, beginPassword)
	c.open("POST "+passwordPath+"/klaar", finishPassword)
}

const (
	invitationPath = "/uitnodiging"
	passwordPath   = "/wachtwoord"
)

// start brings somebody to where his role begins.
func start(v *visit) error {
	pages := homes[v.session.role]
	if len(pages) == 0 {
		return v.redirect("/account")
	}
	return v.redirect(pages[0])
}

// goOn brings who has just signed in back to where his last session ended, or to
// where his role begins.
func goOn(v *visit) error {
	late, ok := v.c.between.last(v.session.actor)
	if !ok {
		return start(v)
	}
	if late.role != v.session.role || late.hat != v.session.hat {
		// Who comes by a link of a test network chose his role with it.
		if v.signed.Method == peer.ByLink {
			return start(v)
		}
		if _, err := v.c.door.Wear(v.r, late.role, late.hat); err != nil {
			return start(v)
		}
	}
	if late.values == nil {
		v.c.between.take(session{actor: v.session.actor, role: late.role, hat: late.hat}, late.path)
	}
	return v.redirect(late.path)
}

// A signInForm is the page on which people sign in.
type signInForm struct {
	form
	Ended                     bool // the session ran out
	Local, Passkeys, Provider bool
	Test                      bool
}

func (v *visit) signInForm() signInForm {
	_, _, ended := v.c.door.Lapsed(v.r)
	d := v.c.door
	return signInForm{Ended: ended, Local: d.HasLocal(), Passkeys: d.HasPasskeys(), Provider: d.HasProvider(), Test: v.c.o.Test}
}

// signInPage offers by what one can sign in.
func signInPage(v *visit) error { return v.show("signin", v.word("signin.title"), v.signInForm()) }

// refusedAtDoor reports whether an error is a refusal of who wants to come in.
func refusedAtDoor(err error) bool { return slices.Contains(signin.Codes[:], codeOf(err)) }

// signInByPassword is for who has a password and codes of the moment.
func signInByPassword(v *visit) error {
	_, err := v.c.door.SignInPassword(v.w, v.r, v.field("naam"), v.r.PostForm.Get("wachtwoord"), v.field("code"))
	if err == nil {
		return v.redirect("/verder")
	}
	if !refusedAtDoor(err) {
		return err
	}
	f := v.signInForm()
	f.Values, f.Mistakes = url.Values{"naam": {v.field("naam")}}, []mistake{v.advice(err)}
	v.w.WriteHeader(statusOf(err))
	return v.show("signin", v.word("signin.title"), f)
}

// toProvider sends the browser to the organisation's identity provider. It is a
// link and not a form: a policy for forms would hold the browser here.
func toProvider(v *visit) error {
	to, err := v.c.door.BeginProvider(v.w, v.r, "/verder")
	if err != nil {
		return err
	}
	return v.redirect(to)
}

// fromProvider is where the provider sends the browser back to.
func fromProvider(v *visit) error {
	_, next, err := v.c.door.Callback(v.w, v.r)
	if err != nil {
		return err
	}
	return v.show("signed-in", v.word("signin.done"), next)
}

// signInByLink signs in who has a link of a test network.
func signInByLink(v *visit) error {
	to, ok := v.c.links.find(v.r.PathValue("token"))
	if !v.c.o.Test || !ok {
		return errNoPage
	}
	if _, err := v.c.door.Admit(v.w, v.r, to.actor, to.role, to.hat); err != nil {
		return err
	}
	return v.redirect("/verder")
}

// signOut ends the session, or all of them, also at the identity provider.
func signOut(v *visit) error {
	if v.field("overal") != "" {
		err := v.c.door.SignOutEverywhere(v.w, v.r)
		if err != nil && !errors.Is(err, &signin.Fault{Code: signin.NotSignedIn}) {
			return err
		}
		return v.redirect(signin.SignInPath)
	}
	next, err := v.c.door.SignOut(v.w, v.r)
	if err != nil {
		return err
	}
	if next != "" {
		// A page with a link: a form may not lead to another site.
		return v.show("signed-out", v.word("signin.out"), next)
	}
	return v.redirect(signin.SignInPath)
}

// An invitation is what somebody can do who was invited.
type invitation struct {
	form
	Code     string
	Name     exchange.Personal
	ID       exchange.ActorID
	Passkeys bool
}

// invitationPage asks for the code of an invitation. It stands behind the # of the
// link, so that it comes in no log of anything in between; the script fills it in.
func invitationPage(v *visit) error {
	return v.show("invitation-code", v.word("invitation.title"), form{})
}

// invited lets somebody choose by what he will sign in.
func invited(v *visit) error {
	code := v.field("uitnodiging")
	a, err := v.c.door.Invited(v.r, code)
	if err != nil {
		if !refusedAtDoor(err) {
			return err
		}
		said := v.advice(err)
		said.Field = "uitnodiging"
		v.w.WriteHeader(statusOf(err))
		return v.show("invitation-code", v.word("invitation.title"), form{Mistakes: []mistake{said}})
	}
	return v.show("invitation", v.word("invitation.title"), invitation{Code: code, Name: a.Name, ID: a.ID, Passkeys: v.c.door.HasPasskeys()})
}

// beginPassword begins to set a password with codes of the moment.
func beginPassword(v *visit) error {
	if _, err := v.c.door.BeginPassword(v.w, v.r, v.field("uitnodiging")); err != nil {
		return v.signedInFirst(err)
	}
	return v.redirect(passwordPath)
}

// signedInFirst sends who has no session to where he can sign in.
func (v *visit) signedInFirst(err error) error {
	if errors.Is(err, &signin.Fault{Code: signin.NotSignedIn}) {
		return v.redirect(signin.SignInPath)
	}
	return err
}

// A newPassword is the page on which it is set.
type newPassword struct {
	form
	signin.Enrolment
	Picture qrCode
}

func newPasswordPage(v *visit) error { return v.showNewPassword(form{}) }

func (v *visit) showNewPassword(f form) error {
	e, err := v.c.door.Enrolment(v.r)
	if err != nil {
		return err
	}
	p, err := qrCodeOf(e.URI)
	if err != nil {
		return err
	}
	return v.show("password-new", v.word("password.title"), newPassword{form: f, Enrolment: e, Picture: p})
}

// finishPassword sets it, and shows the recovery codes this once.
func finishPassword(v *visit) error {
	password := v.r.PostForm.Get("wachtwoord")
	if password != v.r.PostForm.Get("nogmaals") {
		return v.showNewPassword(form{Mistakes: []mistake{{Field: "nogmaals", Text: v.word("password.differs")}}})
	}
	codes, err := v.c.door.FinishPassword(v.r, password, v.field("code"))
	if err == nil {
		return v.show("recovery", v.word("recovery.title"), recovery{Codes: codes, SignedIn: v.session.actor != ""})
	}
	field, mine := map[string]string{signin.BadNewPassword: "wachtwoord", signin.WrongCode: "code"}[codeOf(err)]
	if !mine {
		return v.signedInFirst(err)
	}
	said := v.advice(err)
	said.Field = field
	return v.showNewPassword(form{Mistakes: []mistake{said}})
}

// Recovery codes, shown once.
type recovery struct {
	Codes    []string
	SignedIn bool
}

// scriptProblem answers the script of the passkeys (RFC 9457).
func (c *Console) scriptProblem(w http.ResponseWriter, r *http.Request, err error) {
	v := c.visit(w, r)
	said, status := v.advice(err), statusOf(err)
	if codeOf(err) == signin.SignInRefused {
		said = mistake{Text: v.word("passkey.refused"), Todo: v.word("passkey.refused.todo")}
	}
	var f *signin.Fault
	if errors.As(err, &f) && f.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.After/time.Second)+1))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// A client that went away is no matter.
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "code": codeOf(err), "title": said.Text, "detail": said.Todo})
}

// chooseLanguage remembers the language in the browser.
func chooseLanguage(v *visit) error {
	lang, back := v.field("taal"), v.field("terug")
	if !slices.Contains(languages, lang) {
		return errNoPage
	}
	const year = 365 * 24 * time.Hour
	http.SetCookie(v.w, &http.Cookie{
		Name: "taal", Value: lang, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: v.c.door.Secure(), MaxAge: int(year.Seconds()),
	})
	return v.redirect(signin.LocalPath(back))
}
