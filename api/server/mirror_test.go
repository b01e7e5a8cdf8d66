package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluis/api/server"
	"sluis/ledger"
)

// The mirror gives what C2SP tlog-tiles says, and nothing else.
func TestMirror(t *testing.T) {
	w := newWorld(t)
	node := w.college.node
	signed, size := node.Checkpoint()
	if size < 1 || size > 255 {
		t.Fatalf("the ledger has %d entries", size)
	}
	partial := ledger.Tile{Width: int(size)}
	bundle := partial
	bundle.Entries = true
	for _, c := range []struct {
		method, path string
		entries      bool
		status       int
		media, cache string
		length       int // -1: not looked at
	}{
		{"GET", "/checkpoint", false, 200, "text/plain; charset=utf-8", "no-cache", len(signed)},
		{"HEAD", "/checkpoint", false, 200, "text/plain; charset=utf-8", "no-cache", 0},
		{"GET", "/" + partial.Path(), false, 200, "application/octet-stream", "public, max-age=31536000, immutable", 32 * int(size)},
		{"GET", "/tile/0/000.p/1", false, 200, "application/octet-stream", "public, max-age=31536000, immutable", 32},
		{"GET", "/" + bundle.Path(), true, 200, "application/octet-stream", "public, max-age=31536000, immutable", -1},
		{"GET", "/" + bundle.Path(), false, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/tile/0/000", true, 404, "text/plain; charset=utf-8", "no-cache", -1},       // not full yet
		{"GET", "/tile/0/000.p/200", true, 404, "text/plain; charset=utf-8", "no-cache", -1}, // not there yet
		{"GET", "/tile/1/000.p/1", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/tile/63/000.p/1", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/tile/0/0", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/tile/0/../0/000.p/1", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "//checkpoint", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/checkpoint/", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/%63heckpoint", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/v1/status", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"GET", "/v1/verzoeken", true, 404, "text/plain; charset=utf-8", "no-cache", -1},
		{"POST", "/checkpoint", true, 405, "text/plain; charset=utf-8", "no-cache", -1},
		{"PUT", "/tile/0/000.p/1", true, 405, "text/plain; charset=utf-8", "no-cache", -1},
		{"DELETE", "/v1/verzoeken", true, 405, "text/plain; charset=utf-8", "no-cache", -1},
	} {
		s := httptest.NewServer(server.Mirror(node, c.entries))
		r, err := http.NewRequest(c.method, s.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := (&http.Transport{}).RoundTrip(r) // follows nothing
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		s.Close()
		h := answer.Header
		if answer.StatusCode != c.status || h.Get("Content-Type") != c.media || h.Get("Cache-Control") != c.cache || c.length >= 0 && len(body) != c.length ||
			h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s, entries %v: %d %v, %d bytes", c.method, c.path, c.entries, answer.StatusCode, h, len(body))
		}
		if c.status == 405 && h.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s allows %q", c.method, c.path, h.Get("Allow"))
		}
		if c.status != 200 && strings.Contains(string(body), c.path) && len(c.path) > 1 {
			t.Errorf("%s %s: the answer repeats what was asked", c.method, c.path)
		}
	}
}
