package api_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluis/api"
)

// node answers every request on a socket in the same way, until the end of the
// test.
func node(t *testing.T, dir string, h http.HandlerFunc) *api.Client {
	t.Helper()
	path := filepath.Join(dir, api.SocketName)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h} //nolint:gosec // ends with the test
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	c := api.Dial(path)
	t.Cleanup(c.Close)
	return c
}

func replies(status int, media, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestProblemIsAnError(t *testing.T) {
	c := node(t, t.TempDir(), replies(403, "application/problem+json",
		`{"status":403,"code":"actor-may-not","title":"You may not.","detail":"Let a colleague.","instance":"urn:uuid:1","fouten":[{"veld":"role","melding":"requester"}]}`))
	_, err := c.Status(t.Context())
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != 403 || p.Detail != "Let a colleague." || p.Errors[0].Message != "requester" {
		t.Fatalf("%#v", err)
	}
	if !errors.Is(err, &api.Problem{Code: "actor-may-not"}) || errors.Is(err, &api.Problem{Code: "not-found"}) {
		t.Error("a problem is not known by its code")
	}
	if text := err.Error(); text != "actor-may-not: You may not." {
		t.Errorf("text %q", text)
	}
}

// Answers of something that is not a node are errors, and none is repeated.
func TestStrangeAnswers(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"another form":           replies(200, "text/html", "<h1>secret</h1>"),
		"broken JSON":            replies(200, "application/json", `{"versie": secret`),
		"another type":           replies(200, "application/json", `{"versie": ["secret"]}`),
		"a status without words": replies(500, "text/plain", "secret"),
		"a problem without code": replies(500, "application/problem+json", `{"title":"secret"}`),
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://secret.invalid/", http.StatusFound)
		},
	} {
		c := node(t, t.TempDir(), h)
		_, err := c.Status(t.Context())
		var p *api.Problem
		if err == nil || errors.As(err, &p) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	path := filepath.Join(t.TempDir(), api.SocketName)
	_, err := api.Dial(path).Status(t.Context())
	var down *api.Unreachable
	if !errors.As(err, &down) || down.Socket != path || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "sluis run") {
		t.Errorf("no node: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := node(t, t.TempDir(), replies(200, "application/json", "{}")).Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// A socket may stand behind a link, for a directory with a name that is longer
// than what a system takes for the path of a socket.
func TestLinkedSocket(t *testing.T) {
	short := t.TempDir()
	node(t, short, replies(200, "application/json", `{"versie":"7"}`))
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(long, api.SocketName)
	if err := os.Symlink(filepath.Join(short, api.SocketName), link); err != nil {
		t.Fatal(err)
	}
	c := api.Dial(link)
	defer c.Close()
	if s, err := c.Status(t.Context()); err != nil || s.Version != "7" {
		t.Errorf("%+v, %v", s, err)
	}
}

// What a caller leaves open is left out, and nothing personal is in a URL.
func TestWhatIsSent(t *testing.T) {
	var got []string
	c := node(t, t.TempDir(), func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Sluis-Medewerker")+"/"+strings.Join(r.Header["Sluis-Hoedanigheid"], "+")+" "+r.Header.Get("Accept-Language"))
		replies(200, "application/json", "{}")(w, r)
	})
	ctx := t.Context()
	calls := []func() error{
		func() error { _, err := c.Requests(ctx, api.Query{}); return err },
		func() error {
			_, err := c.Requests(ctx, api.Query{Side: api.Asker, Phase: api.Queued, Cursor: "x", Limit: 5})
			return err
		},
		func() error { _, err := c.Entries(ctx, 0, 0); return err },
		func() error { _, err := c.ProveInclusion(ctx, 0, 0); return err },
		func() error { _, err := c.ProveConsistency(ctx, 0, 9); return err },
		func() error {
			_, err := c.Ask(ctx, api.By{Staff: "a.jansen", Hat: "investigation"}, api.NewRequest{})
			return err
		},
		func() error { _, err := c.In("nl").Open(ctx, api.By{Staff: "b"}, "id"); return err },
	}
	for _, call := range calls {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"GET /v1/verzoeken / en", "GET /v1/verzoeken?cursor=x&kant=vrager&limiet=5&status=in-wachtrij / en", "GET /v1/logboek/regels?vanaf=0 / en",
		"GET /v1/logboek/bewijzen/insluiting?regel=0 / en", "GET /v1/logboek/bewijzen/samenhang?tot=9&van=0 / en", "POST /v1/verzoeken a.jansen/investigation en",
		"GET /v1/verzoeken/id/inhoud b/ nl",
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("sent %q, want %q", got[i], want[i])
		}
	}
}
