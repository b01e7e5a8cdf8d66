package signin

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// The vectors of RFC 6238, appendix B, for SHA-1, of which six digits count.
func TestCodeVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := codeOf(secret, stepOf(time.Unix(at, 0))); got != want[2:] {
			t.Errorf("at %d: got %s, want %s", at, got, want[2:])
		}
	}
}

func TestCodeIsOfNow(t *testing.T) {
	secret, at := newSecret(), time.Unix(1_800_000_000, 0)
	for off, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := checkCode(secret, codeOf(secret, stepOf(at)+off), at, 0)
		if ok != want || ok && step != stepOf(at)+off {
			t.Errorf("%d steps off: %t", off, ok)
		}
	}
	if _, ok := checkCode(secret, codeOf(secret, stepOf(at)), at, stepOf(at)); ok {
		t.Error("a code was taken twice")
	}
	if _, ok := checkCode(secret, "", at, 0); ok {
		t.Error("no code was taken for one")
	}
}

func TestSecretURI(t *testing.T) {
	got := secretURI([]byte("12345678901234567890"), "schuldhulp Uit de Schuld", "b.devries")
	want := "otpauth://totp/schuldhulp%20Uit%20de%20Schuld:b.devries?algorithm=SHA1&digits=6&issuer=schuldhulp%20Uit%20de%20Schuld&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	if got != want {
		t.Errorf("got %s", got)
	}
}

// Each of the two must be right, and a code is right once.
func TestSignInPassword(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	code, wrong := w.code(secret), "000000"
	if code == wrong {
		wrong = "000001"
	}
	for what, c := range map[string][3]string{
		"a wrong password": {string(nurse), "een andere lange zin", code},
		"a wrong code":     {string(nurse), phrase, wrong},
		"no code":          {string(nurse), phrase, ""},
		"somebody else":    {string(other), phrase, code},
	} {
		_, err := w.browser().password(c[0], c[1], c[2])
		wantCode(t, what, err, SignInRefused)
	}
	b := w.browser()
	if _, err := b.password(string(nurse), phrase, code); err != nil {
		t.Fatal(err)
	}
	if s, err := b.session(true); err != nil || s.Actor.ID != nurse {
		t.Errorf("signed in as %q, %v", s.Actor.ID, err)
	}
	_, err := w.browser().password(string(nurse), phrase, code)
	wantCode(t, "the same code again", err, SignInRefused)
}

// A code that comes in many times at once opens the door once.
func TestOneCodeOneSession(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	code := w.code(secret)
	var group sync.WaitGroup
	var in, busy int
	var mu sync.Mutex
	for range 4 {
		group.Go(func() {
			_, err := w.door.SignInPassword(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil), string(nurse), phrase, code)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				in++
			} else if CodeOf(err) == SignInRefused {
				busy++
			}
		})
	}
	group.Wait()
	if in != 1 || busy != 3 {
		t.Errorf("%d came in, %d were refused", in, busy)
	}
}

func TestRecoveryCodes(t *testing.T) {
	w := newWorld(t, nil)
	_, codes := w.enrol(nurse)
	if len(codes) != recoveryCodes {
		t.Fatalf("%d codes", len(codes))
	}
	b := w.browser()
	if s, err := b.password(string(nurse), phrase, " "+strings.ToLower(strings.ReplaceAll(codes[3], "-", " "))); err != nil || s.Method != peer.ByRecoveryCode {
		t.Fatalf("by %s, %v", s.Method, err)
	}
	_, err := w.browser().password(string(nurse), phrase, codes[3])
	wantCode(t, "a recovery code that was used", err, SignInRefused)
	if c, err := w.door.Credentials(t.Context(), nurse); err != nil || c.Recovery != recoveryCodes-1 || !c.Password {
		t.Errorf("%d codes are left, %v", c.Recovery, err)
	}
	var fresh []string
	renew := func(_ http.ResponseWriter, r *http.Request) (err error) {
		fresh, err = w.door.NewRecoveryCodes(r)
		return err
	}
	if err := b.do(renew); err != nil {
		t.Fatal(err)
	}
	_, err = w.browser().password(string(nurse), phrase, codes[4])
	wantCode(t, "one of the old codes", err, SignInRefused)
	if _, err := w.browser().password(string(nurse), phrase, fresh[0]); err != nil {
		t.Errorf("one of the new codes: %v", err)
	}
	w.wait(14 * time.Minute)
	if _, err := b.session(true); err != nil {
		t.Fatal(err)
	}
	w.wait(2 * time.Minute)
	wantCode(t, "16 minutes after the sign-in", b.do(renew), SignInAgain)
}

// Who fails must wait, longer and longer; whether he exists makes no difference.
func TestLockout(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	names := []string{string(nurse), "n.iemand", "Geen Code!"}
	for _, name := range names {
		for i := range freeFailures {
			_, err := w.browser().password(name, "een verkeerde lange zin", "123456")
			wantCode(t, fmt.Sprintf("%s, attempt %d", name, i), err, SignInRefused)
		}
	}
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
		for _, name := range names {
			_, err := w.browser().password(name, phrase, w.code(secret))
			var f *Fault
			if !errors.As(err, &f) || f.Code != SignInLater || f.After > want || f.After < want-30*time.Second {
				t.Fatalf("%s must wait: got %v, want %v", name, err, want)
			}
		}
		w.wait(want)
		for _, name := range names {
			_, err := w.browser().password(name, "een verkeerde lange zin", "123456")
			wantCode(t, name+" after the wait", err, SignInRefused)
		}
	}
	w.wait(time.Hour)
	if _, err := w.browser().password(string(nurse), phrase, w.code(secret)); err != nil {
		t.Errorf("after the last wait: %v", err)
	}
	_, err := w.browser().password(string(nurse), "een verkeerde lange zin", "123456")
	wantCode(t, "a sign-in makes good", err, SignInRefused)
}

// What fails is in the ledger, counted: one entry for each person and one for all
// strangers, however many there were. What they typed is nowhere.
func TestFailuresInLedger(t *testing.T) {
	w := newWorld(t, nil)
	w.enrol(nurse)
	before := w.entries(exchange.SignedIn)
	const typed = "j.pietersen-uit-voorbeeldstad"
	for i := range 4 {
		for _, name := range []string{string(nurse), typed, fmt.Sprintf("stranger%d", i)} {
			_, err := w.browser().password(name, "een verkeerde lange zin", "123456")
			wantCode(t, "a failure", err, SignInRefused)
		}
	}
	if n := w.entries(exchange.SignedIn); n != before {
		t.Errorf("%d entries before the minute was over", n-before)
	}
	for range 2 {
		if err := w.door.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.entries(exchange.SignedIn); n != before+2 {
			t.Errorf("%d entries, want 2", n-before)
		}
	}
	if at := fmt.Sprint(w.door.guard.strangers, w.door.guard.known, w.door.guard.notes); strings.Contains(at, typed) {
		t.Error("a typed name is kept in memory")
	}
}

// An address that fails for many names must wait too.
func TestAddressMustWait(t *testing.T) {
	w := newWorld(t, func(c *peer.Console) { c.PublicURL, c.BehindProxy = "https://sluis.example.nl", true })
	try := func(from string) error {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Add("X-Forwarded-For", "198.51.100.7, "+from)
		_, err := w.door.Invited(r, string(newToken()))
		return err
	}
	for i := range addressBurst {
		wantCode(t, fmt.Sprint("attempt ", i), try("2001:db8:1:2::1"), InvitationSpent)
	}
	wantCode(t, "one too many", try("2001:db8:1:2::1"), SignInLater)
	wantCode(t, "from the same network", try("2001:db8:1:2:ffff::9"), SignInLater)
	wantCode(t, "from another network", try("2001:db8:1:3::1"), InvitationSpent)
	wantCode(t, "from IPv4", try("192.0.2.9"), InvitationSpent)
	w.wait(addressPause + time.Second)
	wantCode(t, "a while later", try("2001:db8:1:2::1"), InvitationSpent)
	wantCode(t, "and at once again", try("2001:db8:1:2::1"), SignInLater)
}

func TestInvitation(t *testing.T) {
	w := newWorld(t, nil)
	begin := func(b *browserOf, token string) error {
		return b.do(func(rw http.ResponseWriter, r *http.Request) error {
			_, err := w.door.BeginPassword(rw, r, token)
			return err
		})
	}
	finish := func(b *browserOf, password, code string) error {
		return b.do(func(_ http.ResponseWriter, r *http.Request) error {
			_, err := w.door.FinishPassword(r, password, code)
			return err
		})
	}
	old := w.invite(nurse)
	token := w.invite(nurse)
	wantCode(t, "an invitation that was replaced", begin(w.browser(), old), InvitationSpent)
	wantCode(t, "an invitation that never was", begin(w.browser(), string(newToken())), InvitationSpent)
	w.wait(invitationLife - time.Minute)
	b := w.browser()
	if err := begin(b, token); err != nil {
		t.Fatal(err)
	}
	var e Enrolment
	if err := b.do(func(_ http.ResponseWriter, r *http.Request) (err error) {
		e, err = w.door.Enrolment(r)
		return err
	}); err != nil || e.Actor != nurse {
		t.Fatalf("for %q, %v", e.Actor, err)
	}
	secret := must[[]byte](t)(recoveryText.DecodeString(e.Secret))
	wantCode(t, "in another browser", finish(w.browser(), phrase, w.code(secret)), SignInStale)
	wantCode(t, "eleven characters", finish(b, "elf tekens.", w.code(secret)), BadNewPassword)
	wantCode(t, "129 characters", finish(b, strings.Repeat("é", 129), w.code(secret)), BadNewPassword)
	wantCode(t, "a wrong code", finish(b, phrase, codeOf(secret, stepOf(w.now())+5)), WrongCode)
	if err := finish(b, strings.Repeat("é", 12), w.code(secret)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "finished twice", finish(b, phrase, w.code(secret)), SignInStale)
	wantCode(t, "an invitation that was used", begin(w.browser(), token), InvitationSpent)

	token = w.invite(nurse)
	b = w.browser()
	w.wait(invitationLife - 5*time.Minute)
	if err := begin(b, token); err != nil {
		t.Fatal(err)
	}
	w.wait(6 * time.Minute)
	wantCode(t, "an invitation that ran out in between", finish(b, phrase, "123456"), InvitationSpent)
	wantCode(t, "an invitation that ran out", begin(w.browser(), token), InvitationSpent)
	wantCode(t, "without invitation or session", begin(w.browser(), ""), NotSignedIn)
	_, err := w.door.Invite(t.Context(), nil, "n.iemand")
	wantCode(t, "of somebody who is not known", err, peer.UnknownActor)
}

func TestOnlyAdministratorsInvite(t *testing.T) {
	w := newWorld(t, nil)
	s := must[Session](t)(w.signIn(manager).session(true))
	if _, err := w.door.Invite(t.Context(), &s, nurse); err != nil {
		t.Errorf("an administrator: %v", err)
	}
	s = must[Session](t)(w.signIn(nurse).session(true))
	_, err := w.door.Invite(t.Context(), &s, other)
	wantCode(t, "a professional invites", err, string(exchange.ActorMayNot))
	wantCode(t, "a professional withdraws", w.door.Withdraw(t.Context(), &s, other), string(exchange.ActorMayNot))
	wantCode(t, "a professional links", w.door.Link(t.Context(), &s, other, "x"), string(exchange.ActorMayNot))
}

func TestWithdraw(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	b := w.again(nurse, secret)
	if err := w.door.Withdraw(t.Context(), nil, nurse); err != nil {
		t.Fatal(err)
	}
	_, err := b.session(true)
	wantCode(t, "his session", err, NotSignedIn)
	w.wait(time.Minute)
	_, err = w.browser().password(string(nurse), phrase, w.code(secret))
	wantCode(t, "his password", err, SignInRefused)
	wantCode(t, "once more", w.door.Withdraw(t.Context(), nil, nurse), peer.UnknownAccount)
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	away := w.again(nurse, secret)
	w.wait(time.Minute)
	here := w.again(nurse, secret)
	const next = "een heel andere zin"
	change := func(present, code string) error {
		return here.do(func(_ http.ResponseWriter, r *http.Request) error {
			return w.door.ChangePassword(r, present, next, code)
		})
	}
	w.wait(time.Minute)
	wantCode(t, "without the present password", change("wat ik niet meer weet", w.code(secret)), SignInRefused)
	if err := change(phrase, w.code(secret)); err != nil {
		t.Fatal(err)
	}
	if _, err := here.session(true); err != nil {
		t.Errorf("here: %v", err)
	}
	_, err := away.session(true)
	wantCode(t, "in the other browser", err, NotSignedIn)
	w.wait(time.Minute)
	_, err = w.browser().password(string(nurse), phrase, w.code(secret))
	wantCode(t, "the old password", err, SignInRefused)
	if _, err := w.browser().password(string(nurse), next, w.code(secret)); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestNoLocalAccounts(t *testing.T) {
	w := newWorld(t, func(c *peer.Console) {
		c.LocalAccounts = false
		c.OIDC = peer.OIDC{Issuer: "http://127.0.0.1:1", ClientID: "sluis", SecretFile: "secret", Claim: "sub"}
	})
	_, err := w.door.Invite(t.Context(), nil, nurse)
	wantCode(t, "an invitation", err, LocalAccountsOff)
	_, err = w.browser().password(string(nurse), phrase, "123456")
	wantCode(t, "a password", err, LocalAccountsOff)
	if w.door.HasPasskeys() || w.door.HasLocal() {
		t.Error("there are passkeys")
	}
}

// What the account keeps, sealed as it is, does not open the door again: no
// password, recovery code or invitation as it was given out.
func TestAccountKeepsDigests(t *testing.T) {
	w := newWorld(t, nil)
	_, codes := w.enrol(nurse)
	token := w.invite(nurse)
	value := string(must[peer.Account](t)(w.node.Account(t.Context(), nurse)).Value)
	if !strings.Contains(value, "argon2id") || !strings.Contains(value, "invitation") {
		t.Fatal("the account is not what the test thinks")
	}
	raw := must[[]byte](t)(recoveryText.DecodeString(strings.ReplaceAll(codes[0], "-", "")))
	for _, text := range []string{phrase, token, codes[0], strings.ReplaceAll(codes[0], "-", ""), base64.StdEncoding.EncodeToString(raw)} {
		if strings.Contains(value, text) {
			t.Errorf("keeps %q", text)
		}
	}
}

// What is kept of a password is a salted Argon2id hash with its own cost.
func TestHash(t *testing.T) {
	w := newWorld(t, nil)
	a, b := costNow.hash(phrase, newSalt()), costNow.hash(phrase, newSalt())
	if a == b || !strings.HasPrefix(string(a), "$argon2id$v=19$m=32768,t=3,p=1$") {
		t.Errorf("hashes are %s and %s", a, b)
	}
	cheap := cost{memory: 64, passes: 1, lanes: 1}.hash(phrase, newSalt())
	for h, want := range map[hash]bool{a: true, b: true, cheap: true, nobody: false, "": false} {
		if ok, err := w.door.checkPassword(t.Context(), phrase, h); err != nil || ok != want {
			t.Errorf("%s: %t, %v", h, ok, err)
		}
	}
	for _, h := range []hash{"$", "$argon2id$v=19$m=99999999,t=3,p=1$AAAAAAAAAAAAAAAA$AAAA", "$argon2id$v=19$m=64,t=3,p=1$!$AAAA", "$argon2id$v=19$m=64,t=0,p=1$AAAAAAAAAAAAAAAA$AAAA"} {
		if _, err := w.door.checkPassword(t.Context(), phrase, h); err == nil {
			t.Errorf("read %s", h)
		}
	}
}

func FuzzHash(f *testing.F) {
	f.Add(string(cost{memory: 64, passes: 1, lanes: 1}.hash(phrase, newSalt())))
	f.Fuzz(func(t *testing.T, s string) {
		c, salt, err := hash(s).parts()
		if err == nil && (c.memory > 1<<20 || c.passes > 16 || c.passes < 1 || c.lanes < 1 || c.lanes > 16 || len(salt) < 8) {
			t.Errorf("would spend %v", c)
		}
	})
}

func FuzzRecoveryCode(f *testing.F) {
	codes, kept := newRecovery()
	f.Add(codes[0])
	f.Fuzz(func(t *testing.T, code string) {
		if i := findRecovery(kept, code); i >= 0 && strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code)) != strings.ReplaceAll(codes[i], "-", "") {
			t.Errorf("took %q for a code", code)
		}
	})
}

// Who is not known waits for the same work: without it the answer would come a
// hundred times sooner.
func TestUnknownTakesAsLong(t *testing.T) {
	w := newWorld(t, nil)
	w.enrol(nurse)
	shortest := func(name string) time.Duration {
		least := time.Hour
		for range 3 {
			from := time.Now()
			_, err := w.door.SignInPassword(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil), name, "een verkeerde lange zin", "123456")
			wantCode(t, name, err, SignInRefused)
			least = min(least, time.Since(from))
		}
		return least
	}
	known := shortest(string(nurse))
	for _, name := range []string{"n.iemand", string(other), "Geen Code!"} {
		if got := shortest(name); got < known/20 { // a busy machine measures one of them three times too long
			t.Errorf("%s takes %v, somebody with a password %v", name, got, known)
		}
	}
}

// Who was invited anew has lost something, or somebody has what was his: nothing of
// before opens the door any more, and his sessions end. The ledger tells that it was
// by invitation, and of whom.
func TestInvitationReplacesAll(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	b := w.browser()
	if _, err := b.password(string(nurse), phrase, w.code(secret)); err != nil {
		t.Fatal(err)
	}
	w.register(t, nurse) // by an invitation of the holder of the node's own door
	if _, err := b.session(true); err == nil {
		t.Error("a session from before goes on")
	}
	w.wait(time.Minute)
	_, err := w.browser().password(string(nurse), phrase, w.code(secret))
	wantCode(t, "the password from before", err, SignInRefused)
	c := must[Credentials](t)(w.door.Credentials(t.Context(), nurse))
	if c.Password || c.Recovery != 0 || len(c.Passkeys) != 1 {
		t.Errorf("what is left: %+v", c)
	}
}

// An administrator lets others in only within a while after he signed in himself.
func TestInviteNeedsFreshSignIn(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(manager)
	b := w.browser()
	s, err := b.password(string(manager), phrase, w.code(secret))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.door.Invite(t.Context(), &s, nurse); err != nil {
		t.Fatal(err)
	}
	w.wait(fresh + time.Second)
	_, err = w.door.Invite(t.Context(), &s, nurse)
	wantCode(t, "an invitation", err, SignInAgain)
	wantCode(t, "a withdrawal", w.door.Withdraw(t.Context(), &s, nurse), SignInAgain)
}
