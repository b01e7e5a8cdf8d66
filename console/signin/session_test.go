package signin

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

func TestSessionEndsWhenIdleOrLong(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	b := w.again(nurse, secret)
	s, err := b.session(true)
	if err != nil || s.Actor.ID != nurse || s.Actor.Hat != "debts" || s.Role != exchange.Professional || s.Method != peer.ByPassword {
		t.Fatalf("signed in as %v %s %s by %s, %v", s.Actor.ID, s.Actor.Hat, s.Role, s.Method, err)
	}
	if s.Who() != (peer.Who{ID: nurse, Hat: "debts"}) {
		t.Errorf("acts as %v", s.Who())
	}
	w.wait(14 * time.Minute)
	if _, err := b.session(true); err != nil {
		t.Errorf("after 14 minutes: %v", err)
	}
	w.wait(14 * time.Minute)
	if s, err = b.session(false); err != nil || w.now().Sub(s.Seen) < 13*time.Minute {
		t.Errorf("a stream counts as activity: seen %v ago, %v", w.now().Sub(s.Seen), err)
	}
	w.wait(time.Minute)
	_, err = b.session(true)
	wantCode(t, "idle for 15 minutes, but for a stream", err, NotSignedIn)
	if err := b.do(func(_ http.ResponseWriter, r *http.Request) error {
		if who, wore, ok := w.door.Lapsed(r); !ok || who != nurse || wore.Role != s.Role || wore.Capacity != s.Actor.Hat {
			t.Errorf("the session that ran out was of %q, %t", who, ok)
		}
		w.wait(2 * time.Hour)
		if _, _, ok := w.door.Lapsed(r); ok {
			t.Error("whose it was is known for too long")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}

	b = w.again(nurse, secret)
	for range 53 { // 8 h 50
		w.wait(10 * time.Minute)
		if _, err := b.session(true); err != nil {
			t.Fatal(err)
		}
	}
	w.wait(10 * time.Minute)
	_, err = b.session(true)
	wantCode(t, "after nine hours", err, NotSignedIn)
}

func TestSessionFollowsStaff(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	b := w.again(nurse, secret)
	if err := w.node.ChangeStaff(t.Context(), exchange.Actor{ID: nurse, Name: exchange.Hide("Fictief Persoon"), Roles: grants(exchange.Coordinator)}); err != nil {
		t.Fatal(err)
	}
	_, err := b.session(true)
	wantCode(t, "with other roles", err, NotSignedIn)
	w.wait(time.Minute)
	b = w.again(nurse, secret)
	if s, err := b.session(true); err != nil || s.Role != exchange.Coordinator {
		t.Errorf("works as %s, %v", s.Role, err)
	}
	if _, err := w.node.RemoveStaff(t.Context(), nurse); err != nil {
		t.Fatal(err)
	}
	_, err = b.session(true)
	wantCode(t, "after he left", err, NotSignedIn)
	w.wait(time.Minute)
	_, err = w.browser().password(string(nurse), phrase, w.code(secret))
	wantCode(t, "a sign-in after he left", err, SignInRefused)
}

func TestSessionsOfOnePerson(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	stranger := w.signIn(other)
	var all []*browserOf
	for range mostSessions + 1 {
		w.wait(time.Minute)
		all = append(all, w.again(nurse, secret))
	}
	_, err := all[0].session(true)
	wantCode(t, "the first of six", err, NotSignedIn)
	last, err := all[5].session(true)
	if err != nil {
		t.Fatal(err)
	}
	list := w.door.Sessions(last)
	if len(list) != mostSessions || list[0].ID != last.ID {
		t.Fatalf("%d sessions, the last one is not the first of them", len(list))
	}
	foreign, err := stranger.session(true)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "ending that of another", w.door.EndSession(t.Context(), last, foreign.ID), UnknownSession)
	if err := w.door.EndSession(t.Context(), last, list[4].ID); err != nil {
		t.Fatal(err)
	}
	_, err = all[1].session(true)
	wantCode(t, "the one that was ended", err, NotSignedIn)
	if err := all[2].do(func(rw http.ResponseWriter, r *http.Request) error { return w.door.SignOutEverywhere(rw, r) }); err != nil {
		t.Fatal(err)
	}
	_, err = all[5].session(true)
	wantCode(t, "after a sign-out everywhere", err, NotSignedIn)
	if _, err := stranger.session(true); err != nil {
		t.Errorf("another was signed out as well: %v", err)
	}
}

func TestSignOut(t *testing.T) {
	w := newWorld(t, nil)
	b := w.signIn(nurse)
	before, kept := w.entries(exchange.SignedIn), b.cookie(w.door.cookieName(sessionCookie))
	out := func(rw http.ResponseWriter, r *http.Request) error {
		next, err := w.door.SignOut(rw, r)
		if next != "" {
			t.Errorf("a local session leads to %q", next)
		}
		return err
	}
	if err := b.do(out); err != nil {
		t.Fatal(err)
	}
	if kept == "" || b.cookie(w.door.cookieName(sessionCookie)) != "" {
		t.Error("the cookie was not taken back")
	}
	if n := w.entries(exchange.SignedIn); n != before+1 {
		t.Errorf("%d entries for a sign-out", n-before)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: w.door.cookieName(sessionCookie), Value: kept})
	_, err := w.door.Session(r, true)
	wantCode(t, "a cookie that was kept", err, NotSignedIn)
	if err := b.do(out); err != nil || w.entries(exchange.SignedIn) != before+1 {
		t.Errorf("a second sign-out: %v", err)
	}
}

func TestWear(t *testing.T) {
	w := newWorld(t, nil)
	b := w.signIn(nurse)
	wear := func(role exchange.Role, hat exchange.CapacityCode) error {
		return b.do(func(_ http.ResponseWriter, r *http.Request) error {
			s, err := w.door.Wear(r, role, hat)
			if err == nil && (s.Role != role || s.Actor.Hat != hat) {
				t.Errorf("wears %s in %s", s.Role, s.Actor.Hat)
			}
			return err
		})
	}
	if err := wear(exchange.Coordinator, "debts"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a role that he does not have", wear(exchange.Administrator, "debts"), string(exchange.HatNotOwn))
	wantCode(t, "a capacity that he does not have", wear(exchange.Professional, "housing"), string(exchange.HatNotOwn))
	if s, err := b.session(true); err != nil || s.Role != exchange.Coordinator {
		t.Errorf("works as %s, %v", s.Role, err)
	}
}

// A session always begins under a new token, and replaces the one before it.
func TestNoFixedSession(t *testing.T) {
	w := newWorld(t, nil)
	secret, _ := w.enrol(nurse)
	b := w.again(nurse, secret)
	first := b.cookie(w.door.cookieName(sessionCookie))
	w.wait(time.Minute)
	if _, err := b.password(string(nurse), phrase, w.code(secret)); err != nil {
		t.Fatal(err)
	}
	if b.cookie(w.door.cookieName(sessionCookie)) == first {
		t.Error("the token was kept")
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: w.door.cookieName(sessionCookie), Value: first})
	_, err := w.door.Session(r, true)
	wantCode(t, "the token from before", err, NotSignedIn)
	for at := range w.door.sessions.all {
		if strings.Contains(string(at[:]), first) {
			t.Error("a token is kept as it is")
		}
	}
}

func TestCookies(t *testing.T) {
	for _, c := range []struct {
		change func(*peer.Console)
		names  []string
		secure bool
	}{
		{nil, []string{"sluis", "aanmelden"}, false},
		{func(c *peer.Console) { c.PublicURL, c.BehindProxy = "https://sluis.example.nl", true }, []string{"__Host-sluis", "__Host-aanmelden"}, true},
	} {
		w := newWorld(t, c.change)
		rec := httptest.NewRecorder()
		w.door.setCookie(rec, sessionCookie, newToken())
		w.door.setCookie(rec, attemptCookie, newToken())
		for i, got := range rec.Result().Cookies() {
			site := []http.SameSite{http.SameSiteStrictMode, http.SameSiteLaxMode}[i]
			if !c.secure { // the port is that of the public URL
				c.names[i] += w.base[strings.LastIndex(w.base, ":"):]
				c.names[i] = strings.Replace(c.names[i], ":", "-", 1)
			}
			if got.Name != c.names[i] || got.Secure != c.secure || !got.HttpOnly || got.Path != "/" || got.Domain != "" || got.SameSite != site {
				t.Errorf("want %s, %v: got %v", c.names[i], site, got)
			}
		}
		rec = httptest.NewRecorder()
		s := must[Session](t)(w.door.Admit(rec, httptest.NewRequest("GET", "/", nil), nurse, exchange.Coordinator, "debts"))
		good := rec.Result().Cookies()[0]
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(good)
		if got, err := w.door.Session(r, true); err != nil || got.ID != s.ID {
			t.Errorf("signed in as %q, %v", got.ID, err)
		}
		r.AddCookie(&http.Cookie{Name: good.Name, Value: string(newToken())})
		_, err := w.door.Session(r, true)
		wantCode(t, "two cookies of one name", err, NotSignedIn)
	}
}

func TestBrowserNames(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                        "Firefox, Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":           "Edge, Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15":                   "Safari, macOS",
		"Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                            "Chrome, Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1": "Safari, iOS",
		"curl/8": "",
	} {
		if got := browser(agent); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzCookie(f *testing.F) {
	w := newWorld(f, nil)
	name := w.door.cookieName(sessionCookie)
	f.Add(name + "=" + string(newToken()))
	f.Add(name + "=; " + name + "=a; " + w.door.cookieName(attemptCookie) + "=\"x\"")
	f.Fuzz(func(t *testing.T, line string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Cookie"] = []string{line}
		if _, err := w.door.Session(r, true); CodeOf(err) != NotSignedIn {
			t.Errorf("got %v", err)
		}
		if _, err := w.door.attempt(r, atProvider, true); CodeOf(err) != SignInStale {
			t.Errorf("got %v", err)
		}
		for _, c := range r.CookiesNamed(w.door.cookieName(sessionCookie)) {
			if got, ok := parseToken(c.Value); ok && (string(got) != c.Value || len(got) != 43) {
				t.Error("a token has two spellings")
			}
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add(string(newToken()))
	f.Add(strings.Repeat("A", 42) + "B") // bits beyond the last byte
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseToken(s)
		if ok && (string(got) != s || strings.ContainsFunc(s, func(c rune) bool {
			return !slices.Contains([]rune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), c)
		}) || !strings.Contains("AEIMQUYcgkosw048", s[42:])) {
			t.Errorf("accepted %q", s)
		}
	})
}
