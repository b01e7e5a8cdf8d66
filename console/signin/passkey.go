package signin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"sluis/exchange"
	"sluis/peer"
)

// PasskeyPath is under which [Door.Passkeys] is to be served.
const PasskeyPath = "/aanmelden/toegangssleutel/"

const (
	mostBody     = 64 << 10 // bytes of a request
	longestLabel = 40       // characters
)

// relyingParty is this console as authenticators see it (WebAuthn Level 3): nil
// where there are no passkeys.
func (d *Door) relyingParty() (*webauthn.WebAuthn, error) {
	if !d.config.LocalAccounts || isAddress(d.origin) {
		return nil, nil
	}
	required := true
	return webauthn.New(&webauthn.Config{
		RPID: d.origin.Hostname(), RPDisplayName: d.node.Identity().Name, RPOrigins: []string{d.origin.Scheme + "://" + d.origin.Host},
		AttestationPreference: protocol.PreferNoAttestation, // which make it is, is nobody's business
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &required, UserVerification: protocol.VerificationRequired,
		},
	})
}

// holderOf is an account as the library wants to see it.
type holderOf struct{ account }

func (h holderOf) WebAuthnID() []byte          { return h.Handle }
func (h holderOf) WebAuthnName() string        { return string(h.ID) }
func (h holderOf) WebAuthnDisplayName() string { return string(h.ID) }
func (h holderOf) WebAuthnCredentials() (all []webauthn.Credential) {
	for _, k := range h.record.Passkeys {
		all = append(all, k.Credential)
	}
	return all
}

// Passkeys answers the script of the page, under [PasskeyPath]. Every request is a
// POST of application/json, every answer JSON or what [Options] has for a problem:
//
//	opties        {}                       → {"publicKey": …} for navigator.credentials.get
//	bewijs        the credential           → {} and the cookie of a session
//	nieuw/opties  {"uitnodiging": "…"}     → {"publicKey": …} for navigator.credentials.create
//	nieuw/bewijs  {"naam": "…", "sleutel": the credential} → {}
//
// Credentials are in the JSON form of WebAuthn §5.1 (PublicKeyCredential.toJSON).
// Without an invitation a new passkey is for who signed in a moment ago.
func (d *Door) Passkeys() http.Handler {
	mux := http.NewServeMux()
	for path, answer := range map[string]func(http.ResponseWriter, *http.Request, []byte) (any, error){
		"opties": func(w http.ResponseWriter, r *http.Request, _ []byte) (any, error) { return d.BeginPasskey(w, r) },
		"bewijs": func(w http.ResponseWriter, r *http.Request, b []byte) (any, error) {
			return done(d.FinishPasskey(w, r, b))
		},
		"nieuw/opties": d.newPasskeyOptions,
		"nieuw/bewijs": d.newPasskeyProof,
	} {
		mux.HandleFunc("POST "+PasskeyPath+path, func(w http.ResponseWriter, r *http.Request) {
			d.answer(w, r, answer)
		})
	}
	return mux
}

// done hides a session from an answer: the cookie is enough.
func done(_ Session, err error) (any, error) { return struct{}{}, err }

func (d *Door) answer(w http.ResponseWriter, r *http.Request, answer func(http.ResponseWriter, *http.Request, []byte) (any, error)) {
	w.Header().Set("Cache-Control", "no-store")
	// A form of another site cannot send this type.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		d.problem(w, r, &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "Content-Type"}})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		d.problem(w, r, &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "body"}})
		return
	}
	got, err := answer(w, r, body)
	if err != nil {
		d.problem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that went away is no matter.
	_ = json.NewEncoder(w).Encode(got)
}

func (d *Door) newPasskeyOptions(w http.ResponseWriter, r *http.Request, body []byte) (any, error) {
	var in struct {
		Invitation string `json:"uitnodiging"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "body"}}
	}
	return d.BeginNewPasskey(w, r, in.Invitation)
}

func (d *Door) newPasskeyProof(_ http.ResponseWriter, r *http.Request, body []byte) (any, error) {
	var in struct {
		Label      string          `json:"naam"`
		Credential json.RawMessage `json:"sleutel"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "body"}}
	}
	return struct{}{}, d.FinishNewPasskey(r, in.Label, in.Credential)
}

// BeginPasskey begins a sign-in with a passkey: any that the authenticator has for
// this host.
func (d *Door) BeginPasskey(w http.ResponseWriter, r *http.Request) (*protocol.CredentialAssertion, error) {
	if d.passkeys == nil {
		return nil, fault(LocalAccountsOff)
	}
	options, ceremony, err := d.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, errors.New("a sign-in with a passkey could not begin")
	}
	d.beginAttempt(w, r, withPasskey, attempt{ceremony: ceremony})
	return options, nil
}

// FinishPasskey signs somebody in with the credential that his authenticator made,
// as JSON. Whatever is wrong, the answer is [SignInRefused].
func (d *Door) FinishPasskey(w http.ResponseWriter, r *http.Request, credential []byte) (Session, error) {
	if d.passkeys == nil {
		return Session{}, fault(LocalAccountsOff)
	}
	from := d.address(r)
	if err := d.guard.knock(from, d.now()); err != nil {
		return Session{}, err
	}
	t, err := d.attempt(r, withPasskey, true)
	if err != nil {
		return Session{}, err
	}
	a, err := d.provePasskey(r, t, credential)
	if err != nil {
		d.guard.refused(a.ID, peer.ByPasskey)
		return Session{}, err
	}
	actor, err := d.present(r.Context(), a.ID)
	if err != nil {
		d.guard.refused(a.ID, peer.ByPasskey)
		return Session{}, fault(SignInRefused)
	}
	if err := d.enter(r, actor.ID, peer.ByPasskey, 0, &a); err != nil {
		return Session{}, err
	}
	d.guard.welcome(from)
	return d.begin(w, r, actor, peer.ByPasskey), nil
}

// provePasskey finds the account of a credential and checks it. The account that
// it returns is changed, not stored: its counter goes on. On a refusal it has the
// ID of whose passkey it was, if it was somebody's.
func (d *Door) provePasskey(r *http.Request, t attempt, credential []byte) (account, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return account{}, fault(SignInRefused)
	}
	var a account
	find := func(id, handle []byte) (webauthn.User, error) {
		found, err := d.find(r.Context(), func(rec record) bool { return string(rec.Handle) == string(handle) && rec.passkeyAt(id) >= 0 })
		a = found
		return holderOf{found}, err
	}
	_, used, err := d.passkeys.ValidatePasskeyLogin(find, *t.ceremony, parsed)
	if err != nil || used.Authenticator.CloneWarning {
		// A counter that goes back is that of a copy (WebAuthn §6.1.1).
		return account{Account: peer.Account{ID: a.ID}}, fault(SignInRefused)
	}
	i := a.passkeyAt(used.ID)
	a.Passkeys[i].Credential, a.Passkeys[i].Used = *used, d.now().UTC().Truncate(time.Second)
	return a, nil
}

// BeginNewPasskey begins to add a passkey: with an invitation, or without one for
// who signed in a moment ago.
func (d *Door) BeginNewPasskey(w http.ResponseWriter, r *http.Request, invitation string) (*protocol.CredentialCreation, error) {
	if d.passkeys == nil {
		return nil, fault(LocalAccountsOff)
	}
	a, sum, err := d.holder(r, invitation)
	if err != nil {
		return nil, err
	}
	if len(a.Passkeys) >= mostPasskeys {
		return nil, fault(TooManyPasskeys)
	}
	if a.Version == 0 {
		// Only who has come in by the provider has no account yet, and he has one
		// that is linked.
		return nil, &peer.Fault{Code: peer.UnknownAccount}
	}
	known := holderOf{a}
	options, ceremony, err := d.passkeys.BeginRegistration(known, webauthn.WithExclusions(webauthn.Credentials(known.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, errors.New("a new passkey could not begin")
	}
	d.beginAttempt(w, r, newPasskey, attempt{actor: a.ID, invitation: sum, ceremony: ceremony})
	return options, nil
}

// FinishNewPasskey adds the credential that the authenticator made, as JSON, under
// a label of at most 40 characters. An invitation is used up.
func (d *Door) FinishNewPasskey(r *http.Request, label string, credential []byte) error {
	if d.passkeys == nil {
		return fault(LocalAccountsOff)
	}
	t, err := d.attempt(r, newPasskey, true)
	if err != nil {
		return err
	}
	a, err := d.stillHolder(r, t)
	if err != nil {
		return err
	}
	label = strings.TrimSpace(label)
	if utf8.RuneCountInString(label) > longestLabel || strings.ContainsFunc(label, func(c rune) bool { return c < ' ' || c == utf8.RuneError }) {
		return &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "naam"}}
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return fault(PasskeyRefused)
	}
	made, err := d.passkeys.CreateCredential(holderOf{a}, *t.ceremony, parsed)
	if err != nil || !made.Flags.UserVerified || a.passkeyAt(made.ID) >= 0 {
		return fault(PasskeyRefused)
	}
	// One that somebody else has is a copy of his answer (WebAuthn §7.1, step 26).
	if _, err := d.find(r.Context(), func(rec record) bool { return rec.passkeyAt(made.ID) >= 0 }); err == nil {
		return fault(PasskeyRefused)
	}
	act := peer.AccountAct{By: a.ID}
	if t.invitation != (digest{}) {
		act = a.anew()
	}
	act.Change = peer.PasskeyAdded
	if len(a.Passkeys) >= mostPasskeys {
		return fault(TooManyPasskeys)
	}
	a.Passkeys = append(a.Passkeys, passkey{
		ID: base64.RawURLEncoding.EncodeToString(made.ID), Label: label, Added: d.now().UTC().Truncate(time.Second), Credential: *made,
	})
	if err := d.saveInvited(r.Context(), a, act); err != nil || !act.Invited {
		return err
	}
	return d.endAll(r.Context(), a.ID, "")
}
