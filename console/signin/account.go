package signin

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"sluis/exchange"
	"sluis/peer"
)

const (
	invitationLife = 72 * time.Hour
	mostPasskeys   = 10
)

// record is what an account holds, sealed in the store as JSON.
type record struct {
	// Handle is by what an authenticator knows the account: random, since it
	// tells it to whoever holds it (WebAuthn §14.6.1).
	Handle []byte `json:"handle"`
	// Subject is what the identity provider calls the person.
	Subject    string      `json:"subject,omitempty"`
	Invitation *invitation `json:"invitation,omitempty"`

	Password hash   `json:"password,omitempty"`
	Secret   []byte `json:"secret,omitempty"` // of the codes of the moment
	Step     int64  `json:"step,omitempty"`   // of the last code that was used
	// Recovery holds digests of the codes that are left.
	Recovery [][]byte  `json:"recovery,omitempty"`
	Passkeys []passkey `json:"passkeys,omitempty"`
}

type invitation struct {
	Digest []byte    `json:"digest"`
	Until  time.Time `json:"until"`
	// By is who invited; empty for the holder of the node's own door.
	By exchange.ActorID `json:"by,omitempty"`
}

type passkey struct {
	ID    string    `json:"id"`
	Label string    `json:"label,omitempty"`
	Added time.Time `json:"added"`
	Used  time.Time `json:"used,omitzero"`
	// Credential is all that the library knows of it: a later version may want
	// what this one does not.
	Credential webauthn.Credential `json:"credential"`
}

// account is a record with where it stands.
type account struct {
	peer.Account
	record
}

func readAccount(a peer.Account) (account, error) {
	r := record{}
	if err := json.Unmarshal(a.Value, &r); err != nil {
		return account{}, errors.New("an account is stored in a form that this version cannot read")
	}
	return account{a, r}, nil
}

func (a *account) write() error {
	value, err := json.Marshal(a.record)
	a.Value = value
	return err
}

// account reads one; without it, it is a new one that is not stored yet.
func (d *Door) account(ctx context.Context, id exchange.ActorID) (account, error) {
	a, err := d.node.Account(ctx, id)
	if errors.Is(err, &peer.Fault{Code: peer.UnknownAccount}) {
		return account{peer.Account{ID: id}, record{Handle: []byte(newToken())}}, nil
	}
	if err != nil {
		return account{}, err
	}
	return readAccount(a)
}

// find looks for the account for which it holds. Without one it is
// peer.UnknownAccount.
func (d *Door) find(ctx context.Context, which func(record) bool) (account, error) {
	all, err := d.node.Accounts(ctx)
	if err != nil {
		return account{}, err
	}
	for _, row := range all {
		a, err := readAccount(row)
		if err != nil {
			return account{}, err
		}
		if which(a.record) {
			return a, nil
		}
	}
	return account{}, &peer.Fault{Code: peer.UnknownAccount}
}

func (d *Door) save(ctx context.Context, a account, what peer.AccountChange, by exchange.ActorID) error {
	return d.saveInvited(ctx, a, peer.AccountAct{Change: what, By: by})
}

func (d *Door) saveInvited(ctx context.Context, a account, act peer.AccountAct) error {
	if err := a.write(); err != nil {
		return err
	}
	_, err := d.node.SaveAccount(ctx, a.Account, act)
	return err
}

// anew takes everything else out of an account by which one could sign in, when
// its holder was invited to set that anew: what was lost or stolen opens nothing
// any more, and who was not the one who was invited notices it. It says who
// invited. What the identity provider calls him stays: that was not his to lose.
func (a *account) anew() peer.AccountAct {
	act := peer.AccountAct{By: a.ID, Invited: true, InvitedBy: a.Invitation.By}
	a.Password, a.Secret, a.Step, a.Recovery, a.Passkeys, a.Invitation = "", nil, 0, nil, nil, nil
	return act
}

// An Invitation lets a person set by what he signs in. Token is shown once, here.
type Invitation struct {
	Token string
	Until time.Time
}

// administers holds that who asks works as administrator now, and signed in a
// moment ago: a desk that somebody left is not enough to let another in. nil is
// the holder of the node's own door.
func (d *Door) administers(by *Session) (exchange.ActorID, error) {
	if by == nil {
		return "", nil
	}
	if by.Role != exchange.Administrator {
		return "", &exchange.Refusal{Code: exchange.ActorMayNot, Params: []string{"role", string(exchange.Administrator), "capacity", string(by.Actor.Hat)}}
	}
	if !d.Fresh(*by) {
		return "", fault(SignInAgain)
	}
	return by.Actor.ID, nil
}

// Invite begins the account of a member of staff, or lets him set anew by what he
// signs in: the old holds until he does. An invitation is valid for 72 hours and
// for one time, and a second one ends the first. by is the session of who
// administers, nil for the holder of the node's own door.
func (d *Door) Invite(ctx context.Context, by *Session, id exchange.ActorID) (Invitation, error) {
	who, err := d.administers(by)
	if err != nil {
		return Invitation{}, err
	}
	if !d.config.LocalAccounts {
		return Invitation{}, fault(LocalAccountsOff)
	}
	if _, err := d.present(ctx, id); err != nil {
		return Invitation{}, err
	}
	a, err := d.account(ctx, id)
	if err != nil {
		return Invitation{}, err
	}
	t := newToken()
	sum := t.digest()
	a.Invitation = &invitation{Digest: sum[:], Until: d.now().Add(invitationLife).UTC().Truncate(time.Second), By: who}
	if err := d.save(ctx, a, peer.AccountInvited, who); err != nil {
		return Invitation{}, err
	}
	return Invitation{Token: string(t), Until: a.Invitation.Until}, nil
}

// Invited finds who is invited with a token. One that is not valid, or not any
// more, is [InvitationSpent].
func (d *Door) Invited(r *http.Request, token string) (exchange.Actor, error) {
	from := d.address(r)
	if err := d.guard.knock(from, d.now()); err != nil {
		return exchange.Actor{}, err
	}
	t, ok := parseToken(token)
	if !ok {
		return exchange.Actor{}, fault(InvitationSpent)
	}
	a, err := d.invited(r.Context(), t.digest())
	if err != nil {
		return exchange.Actor{}, err
	}
	d.guard.welcome(from)
	return d.present(r.Context(), a.ID)
}

func (d *Door) invited(ctx context.Context, sum digest) (account, error) {
	if !d.config.LocalAccounts {
		return account{}, fault(LocalAccountsOff)
	}
	now := d.now()
	a, err := d.find(ctx, func(r record) bool {
		return r.Invitation != nil && now.Before(r.Invitation.Until) && subtle.ConstantTimeCompare(r.Invitation.Digest, sum[:]) == 1
	})
	if errors.Is(err, &peer.Fault{Code: peer.UnknownAccount}) {
		return account{}, fault(InvitationSpent)
	}
	return a, err
}

// holder finds whose account a request may change: that of the invitation, or
// without one that of who signed in a moment ago.
func (d *Door) holder(r *http.Request, invitation string) (account, digest, error) {
	if !d.config.LocalAccounts {
		return account{}, digest{}, fault(LocalAccountsOff)
	}
	if invitation == "" {
		s, err := d.freshSession(r)
		if err != nil {
			return account{}, digest{}, err
		}
		a, err := d.account(r.Context(), s.Actor.ID)
		return a, digest{}, err
	}
	if _, err := d.Invited(r, invitation); err != nil {
		return account{}, digest{}, err
	}
	sum := token(invitation).digest()
	a, err := d.invited(r.Context(), sum)
	return a, sum, err
}

// stillHolder finds the same again when what was begun is finished.
func (d *Door) stillHolder(r *http.Request, t attempt) (account, error) {
	if t.invitation != (digest{}) {
		a, err := d.invited(r.Context(), t.invitation)
		if err != nil {
			return account{}, err
		}
		_, err = d.present(r.Context(), a.ID)
		return a, err
	}
	s, err := d.freshSession(r)
	if err != nil {
		return account{}, err
	}
	if s.Actor.ID != t.actor {
		return account{}, fault(SignInStale)
	}
	return d.account(r.Context(), s.Actor.ID)
}

func (d *Door) freshSession(r *http.Request) (Session, error) {
	s, err := d.Session(r, true)
	if err == nil && !d.Fresh(s) {
		err = fault(SignInAgain)
	}
	return s, err
}

// Credentials are by what a person can sign in, without what is secret of it.
type Credentials struct {
	Password bool // with codes of the moment
	// Recovery is how many recovery codes are left.
	Recovery int
	Passkeys []Passkey
	// Linked says that the identity provider can prove who he is.
	Linked bool
	// Invited is until when an invitation is open; zero for none.
	Invited time.Time
}

// A Passkey is one of the passkeys of a person.
type Passkey struct {
	ID    string
	Label string // what he called it
	Added time.Time
	Used  time.Time // zero for never
}

// Credentials lists by what a person can sign in; nothing when he has no account.
func (d *Door) Credentials(ctx context.Context, id exchange.ActorID) (Credentials, error) {
	a, err := d.account(ctx, id)
	if err != nil {
		return Credentials{}, err
	}
	c := Credentials{Password: a.Password != "", Recovery: len(a.Recovery), Linked: a.Subject != ""}
	if a.Invitation != nil && d.now().Before(a.Invitation.Until) {
		c.Invited = a.Invitation.Until
	}
	for _, k := range a.Passkeys {
		c.Passkeys = append(c.Passkeys, Passkey{ID: k.ID, Label: k.Label, Added: k.Added, Used: k.Used})
	}
	return c, nil
}

// Link says what the identity provider calls a member of staff in the claim of
// the configuration; "" ends that. Nobody else may be called so: [LinkTaken].
func (d *Door) Link(ctx context.Context, by *Session, id exchange.ActorID, subject string) error {
	who, err := d.administers(by)
	if err != nil {
		return err
	}
	if d.provider == nil {
		return fault(NoProvider)
	}
	if len(subject) > 255 { // OpenID Connect Core §2
		return fault(BadLink)
	}
	if _, err := d.present(ctx, id); err != nil {
		return err
	}
	d.linking.Lock()
	defer d.linking.Unlock()
	if subject != "" {
		other, err := d.find(ctx, func(r record) bool { return r.Subject == subject })
		if err == nil && other.ID != id {
			return fault(LinkTaken)
		}
		if err != nil && !errors.Is(err, &peer.Fault{Code: peer.UnknownAccount}) {
			return err
		}
	}
	a, err := d.account(ctx, id)
	if err != nil {
		return err
	}
	a.Subject = subject
	return d.save(ctx, a, peer.AccountLinked, who)
}

// Withdraw forgets by what a person signs in, and signs him out everywhere. It is
// also for who has left: nothing of it needs to be kept.
func (d *Door) Withdraw(ctx context.Context, by *Session, id exchange.ActorID) error {
	who, err := d.administers(by)
	if err != nil {
		return err
	}
	a, err := d.node.Account(ctx, id)
	if err != nil {
		return err
	}
	if err := d.node.RemoveAccount(ctx, a, who); err != nil {
		return err
	}
	d.guard.clear(id)
	return d.endAll(ctx, id, "")
}

// RemovePasskey ends a passkey of who signed in a moment ago. The last thing by
// which he can sign in stays: [LastCredential].
func (d *Door) RemovePasskey(r *http.Request, id string) error {
	s, err := d.freshSession(r)
	if err != nil {
		return err
	}
	a, err := d.account(r.Context(), s.Actor.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(a.Passkeys, func(k passkey) bool { return k.ID == id })
	if i < 0 {
		return fault(UnknownPasskey)
	}
	if len(a.Passkeys) == 1 && a.Password == "" && (a.Subject == "" || d.provider == nil) {
		return fault(LastCredential)
	}
	a.Passkeys = slices.Delete(a.Passkeys, i, i+1)
	return d.save(r.Context(), a, peer.PasskeyRemoved, s.Actor.ID)
}

// passkeyAt finds a passkey by what the authenticator calls it, or -1.
func (r record) passkeyAt(id []byte) int {
	return slices.IndexFunc(r.Passkeys, func(k passkey) bool { return bytes.Equal(k.Credential.ID, id) })
}
