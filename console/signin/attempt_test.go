package signin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Who begins to sign in without end pushes out himself, and nobody at another
// address.
func TestBegunWithoutEnd(t *testing.T) {
	w := newWorld(t, nil)
	begin := func(from string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = from
		answer := httptest.NewRecorder()
		w.door.beginAttempt(answer, r, atProvider, attempt{state: newToken()})
		for _, c := range answer.Result().Cookies() {
			r.AddCookie(c)
		}
		return r
	}
	other, first := begin("192.0.2.7:1"), begin("[2001:db8::1]:1")
	for n := range 2 * mostFromOne {
		w.wait(1)
		begin(fmt.Sprintf("[2001:db8::%x]:1", n+2)) // one network of 64 bits
	}
	if _, err := w.door.attempt(other, atProvider, false); err != nil {
		t.Errorf("another address lost what it began: %v", err)
	}
	if _, err := w.door.attempt(first, atProvider, false); err == nil {
		t.Error("one address keeps more than its share")
	}
	if n := len(w.door.attempts.all); n != mostFromOne+1 {
		t.Errorf("%d are kept, want %d", n, mostFromOne+1)
	}
	w.wait(attemptLife)
	w.door.attempts.sweep(w.now())
	if len(w.door.attempts.all) != 0 || len(w.door.attempts.from) != 0 {
		t.Errorf("%d of %d addresses are kept after their time", len(w.door.attempts.all), len(w.door.attempts.from))
	}
}
