package signin

import (
	"errors"
	"net/http"
	"slices"

	"sluis/exchange"
	"sluis/peer"
)

// SignInPassword signs somebody in with his code of actor, a password, and a code
// of the moment or a recovery code. Whatever is wrong, the answer is
// [SignInRefused], after about the same time; who failed too often must wait
// ([SignInLater]), also if nobody has that name.
func (d *Door) SignInPassword(w http.ResponseWriter, r *http.Request, name, password, code string) (Session, error) {
	if !d.config.LocalAccounts {
		return Session{}, fault(LocalAccountsOff)
	}
	from := d.address(r)
	if err := d.guard.knock(from, d.now()); err != nil {
		return Session{}, err
	}
	a, actor, known, err := d.named(r, name)
	if err != nil {
		return Session{}, err
	}
	before, err := d.guard.try(name, known, d.now())
	if err != nil {
		return Session{}, err
	}
	method, ok, err := d.prove(r, &a, password, code)
	if err != nil {
		return Session{}, err
	}
	if ok && known {
		err := d.enter(r, actor.ID, method, before, &a)
		if err == nil {
			d.guard.clear(actor.ID)
			d.guard.welcome(from)
			return d.begin(w, r, actor, method), nil
		}
		if !errors.Is(err, &peer.Fault{Code: peer.Busy}) { // the same code, twice at once
			return Session{}, err
		}
	}
	who := exchange.ActorID("")
	if known {
		who = actor.ID
	}
	d.guard.refused(who, method)
	return Session{}, fault(SignInRefused)
}

// named finds the account of a name, and whether a person who works here can sign
// in by it with a password.
func (d *Door) named(r *http.Request, name string) (a account, actor exchange.Actor, known bool, err error) {
	id, bad := exchange.ParseActorID(name)
	if bad != nil {
		return account{}, exchange.Actor{}, false, nil
	}
	a, err = d.account(r.Context(), id)
	if err != nil {
		return account{}, exchange.Actor{}, false, err
	}
	actor, err = d.present(r.Context(), id)
	var gone *exchange.Refusal
	if errors.As(err, &gone) || errors.Is(err, &peer.Fault{Code: peer.UnknownActor}) {
		return account{}, exchange.Actor{}, false, nil
	}
	return a, actor, a.Password != "", err
}

// prove checks both factors, whatever the first says, and takes what can be used
// once out of the account.
func (d *Door) prove(r *http.Request, a *account, password, code string) (peer.SignInMethod, bool, error) {
	right, err := d.checkPassword(r.Context(), password, a.Password)
	if err != nil {
		return "", false, err
	}
	if len(code) == codeDigits {
		secret := a.Secret
		if len(secret) == 0 {
			secret = make([]byte, secretBytes)
		}
		step, ok := checkCode(secret, code, d.now(), a.Step)
		if right = right && ok; right {
			a.Step = step
		}
		return peer.ByPassword, right, nil
	}
	i := findRecovery(a.Recovery, code)
	if right = right && i >= 0; right {
		a.Recovery = slices.Delete(a.Recovery, i, i+1)
	}
	return peer.ByRecoveryCode, right, nil
}

// enter puts a sign-in in the ledger, with what it used up.
func (d *Door) enter(r *http.Request, id exchange.ActorID, by peer.SignInMethod, before int, used *account) error {
	s := peer.SignIn{Who: id, Method: by, Outcome: peer.SignInDone, Count: before}
	if used == nil {
		return d.node.RecordSignIn(r.Context(), s, nil)
	}
	if err := used.write(); err != nil {
		return err
	}
	return d.node.RecordSignIn(r.Context(), s, &used.Account)
}

// An Enrolment is what a person needs to get codes of the moment.
type Enrolment struct {
	// Actor is whose account it is.
	Actor exchange.ActorID
	// Secret is for an authenticator app, to be typed: base32.
	Secret string
	// URI is the same for a picture (QR) that the app reads. It is as secret.
	URI string
}

// BeginPassword begins to set a password with codes of the moment: with an
// invitation, or without one for who signed in a moment ago. It holds for ten
// minutes, in this browser.
func (d *Door) BeginPassword(w http.ResponseWriter, r *http.Request, invitation string) (Enrolment, error) {
	a, sum, err := d.holder(r, invitation)
	if err != nil {
		return Enrolment{}, err
	}
	secret := newSecret()
	d.beginAttempt(w, r, newPassword, attempt{actor: a.ID, invitation: sum, secret: secret})
	return d.enrolment(a.ID, secret), nil
}

// Enrolment is what [Door.BeginPassword] gave in this browser, to show it once
// more after a mistake.
func (d *Door) Enrolment(r *http.Request) (Enrolment, error) {
	t, err := d.attempt(r, newPassword, false)
	if err != nil {
		return Enrolment{}, err
	}
	return d.enrolment(t.actor, t.secret), nil
}

func (d *Door) enrolment(id exchange.ActorID, secret []byte) Enrolment {
	return Enrolment{Actor: id, Secret: secretText(secret), URI: secretURI(secret, d.node.Identity().Name, string(id))}
}

// FinishPassword sets the password and the codes of the moment that were begun,
// once a first code proves that the app has them. A mistake ([BadNewPassword],
// [WrongCode]) can be made good. It returns new recovery codes, to be shown once;
// an invitation is used up, and his other sessions end.
func (d *Door) FinishPassword(r *http.Request, password, code string) (recovery []string, err error) {
	t, err := d.attempt(r, newPassword, false)
	if err != nil {
		return nil, err
	}
	a, err := d.stillHolder(r, t)
	if err != nil {
		return nil, err
	}
	if err := checkNewPassword(password); err != nil {
		return nil, err
	}
	step, ok := checkCode(t.secret, code, d.now(), 0)
	if !ok {
		return nil, fault(WrongCode)
	}
	act := peer.AccountAct{By: a.ID}
	if t.invitation != (digest{}) {
		act = a.anew()
	}
	act.Change = peer.PasswordSet
	if a.Password, err = d.hash(r.Context(), costNow, password, newSalt()); err != nil {
		return nil, err
	}
	a.Secret, a.Step = t.secret, step
	recovery, a.Recovery = newRecovery()
	if _, err := d.attempt(r, newPassword, true); err != nil {
		return nil, err
	}
	if err := d.saveInvited(r.Context(), a, act); err != nil {
		return nil, err
	}
	d.guard.clear(a.ID)
	if act.Invited {
		return recovery, d.endAll(r.Context(), a.ID, "")
	}
	return recovery, d.endOthers(r, a.ID)
}

// endOthers ends the sessions of a person in other browsers than that of the
// request.
func (d *Door) endOthers(r *http.Request, id exchange.ActorID) error {
	here, _ := d.cookie(r, sessionCookie) // without one its digest is of no session
	at := here.digest()
	n := d.sessions.drop(d.now(), func(o digest, e *entry) bool { return e.actor == id && o != at })
	if n == 0 {
		return nil
	}
	return d.node.RecordSignIn(r.Context(), peer.SignIn{Who: id, Outcome: peer.SignedOut, Count: n}, nil)
}

// ChangePassword replaces the password of who sends the request. He proves
// himself with the present one and a code, as at a sign-in, and with the same
// bound on mistakes. His other sessions end.
func (d *Door) ChangePassword(r *http.Request, present, next, code string) error {
	if !d.config.LocalAccounts {
		return fault(LocalAccountsOff)
	}
	s, err := d.Session(r, true)
	if err != nil {
		return err
	}
	if err := checkNewPassword(next); err != nil {
		return err
	}
	a, err := d.account(r.Context(), s.Actor.ID)
	if err != nil {
		return err
	}
	if _, err := d.guard.try(string(a.ID), true, d.now()); err != nil {
		return err
	}
	by, ok, err := d.prove(r, &a, present, code)
	if err != nil {
		return err
	}
	if !ok {
		d.guard.refused(a.ID, by)
		return fault(SignInRefused)
	}
	if a.Password, err = d.hash(r.Context(), costNow, next, newSalt()); err != nil {
		return err
	}
	if err := d.save(r.Context(), a, peer.PasswordSet, a.ID); err != nil {
		return err
	}
	d.guard.clear(a.ID)
	return d.endOthers(r, a.ID)
}

// NewRecoveryCodes gives who signed in a moment ago ten new recovery codes, to be
// shown once; the old ones are of no use any more. They stand in for the code of
// the moment, so they are for who has a password.
func (d *Door) NewRecoveryCodes(r *http.Request) ([]string, error) {
	s, err := d.freshSession(r)
	if err != nil {
		return nil, err
	}
	a, err := d.account(r.Context(), s.Actor.ID)
	if err != nil {
		return nil, err
	}
	if a.Password == "" {
		return nil, fault(LocalAccountsOff)
	}
	codes, kept := newRecovery()
	a.Recovery = kept
	return codes, d.save(r.Context(), a, peer.RecoveryRenewed, a.ID)
}
