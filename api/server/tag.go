package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// unlessHeader is the header of who has an answer already (RFC 9110, 13.1.2). The
// contract says which operations take it: those whose answer is nobody's, since
// reading content is an act that is written down each time.
const unlessHeader = "If-None-Match"

// tagged answers with an ETag, or with 304 to who gives the one that the answer has.
// It is made of the answer itself, so it can't be wrong about it: what is saved is
// the way, not the work.
func tagged(w http.ResponseWriter, r *http.Request, answer http.Handler) {
	held := &heldAnswer{ResponseWriter: w, status: http.StatusOK}
	answer.ServeHTTP(held, r)
	if held.status == http.StatusOK {
		sum := sha256.Sum256(held.body.Bytes())
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
		w.Header().Set("ETag", tag)
		if has(r.Header.Values(unlessHeader), tag) {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(held.status)
	_, _ = w.Write(held.body.Bytes()) // who hung up needs no answer
}

// has reports whether a tag is among those given, compared weakly.
func has(given []string, tag string) bool {
	for _, line := range given {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// heldAnswer is an answer that is not sent yet.
type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) WriteHeader(status int)      { h.status = status }
func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }
