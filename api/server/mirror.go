package server

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"sluis/ledger"
	"sluis/store"
)

// A Log is what a mirror reads: a node, or a store by itself.
type Log interface {
	// Checkpoint returns the newest signed checkpoint and its size.
	Checkpoint() (signed []byte, size uint64)
	// Tile returns the bytes of a tile, or store.ErrNotFound.
	Tile(ledger.Tile) ([]byte, error)
}

// What may be kept, and how long (C2SP tlog-tiles): a checkpoint no longer than
// a few seconds, a tile for ever, a partial one too. What is not there may come.
const (
	changing  = "no-cache"
	unchanged = "public, max-age=31536000, immutable"
)

// Mirror serves a ledger to whoever watches it from outside, such as a public
// witness or a monitor, in the layout of C2SP tlog-tiles: GET /checkpoint,
// /tile/L/N[.p/W] and, with entries, /tile/entries/N[.p/W]. Anything else is 404 or
// 405, in plain text.
//
// It only reads, asks nobody who he is, and has no other door behind it. The
// checkpoint and the hashes tell how fast the ledger grows; the entries tell, in
// clear headers, who exchanged what with whom and when, though nothing of a
// person. Bundles are not compressed: most of an entry is ciphertext.
func Mirror(log Log, entries bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", changing)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed)
			return
		}
		if r.URL.EscapedPath() == "/checkpoint" {
			signed, _ := log.Checkpoint()
			give(w, r, "text/plain; charset=utf-8", signed)
			return
		}
		// One tile has one path: nothing is cleaned, decoded or redirected.
		path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/")
		t, err := ledger.ParseTilePath(path)
		if !ok || err != nil || t.Entries && !entries {
			refuse(w, http.StatusNotFound)
			return
		}
		data, err := log.Tile(t)
		switch {
		case errors.Is(err, store.ErrNotFound):
			refuse(w, http.StatusNotFound)
		case err != nil:
			refuse(w, http.StatusInternalServerError)
		default:
			header.Set("Cache-Control", unchanged)
			give(w, r, "application/octet-stream", data)
		}
	})
}

func give(w http.ResponseWriter, r *http.Request, media string, data []byte) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(data)
	}
}

func refuse(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }
