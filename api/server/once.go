package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"

	"sluis/peer"
)

// once answers an act that was done before under the same Idempotency-Key as it
// was answered then, and has a new one remembered with what it changes. Only what
// succeeded is remembered: a problem changed nothing, so it is judged again.
func (a *API) once(w http.ResponseWriter, r *http.Request, in input, next http.Handler) {
	key := r.Header.Get(keyHeader)
	if _, keyed := in.headers[keyHeader]; !keyed || key == "" {
		next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body) // which the check of the contract has read and bounded
	if err != nil {
		a.problem(w, r, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	o := peer.Once{Key: key, Print: printOf(r, body)}
	if c := callerOf(r.Context()); c != nil {
		o.System = c.Name
	}
	// Two at once under one key: the second must not be judged on what the first
	// is about to change. Everything that writes is in this process.
	busy := o.System + "\x00" + o.Key
	if _, under := a.underway.LoadOrStore(busy, true); under {
		a.problem(w, r, &doorError{code: codeKeyInUse})
		return
	}
	defer a.underway.Delete(busy)
	ctx, left, err := a.node.Done(r.Context(), o)
	switch {
	case err != nil:
		a.problem(w, r, err)
	case left != nil:
		a.again(w, *left)
	default:
		next.ServeHTTP(w, r.WithContext(ctx))
	}
}

// again gives the answer that an act had.
func (a *API) again(w http.ResponseWriter, left peer.Outcome) {
	var document any
	switch {
	case left.Request != nil:
		w.Header().Set("Location", locationOf(left.Request.ID))
		document = summary(*left.Request)
	case left.Case != nil:
		w.Header().Set("Location", caseLocation(left.Case.ID))
		document = caseSummary(*left.Case)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(document)
}

// printOf is of all that makes one act another: what is asked, of what, by whom, and
// the document to the byte.
func printOf(r *http.Request, body []byte) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.EscapedPath(), r.Header.Get(actorHeader), r.Header.Get(hatHeader), string(body)} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return [sha256.Size]byte(h.Sum(nil))
}
