package console_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func read(t testing.TB, answer *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// until asks for a page until it has a link, and returns what follows in it.
func (w *walker) until(path, link string) string {
	w.t.Helper()
	for range 400 {
		w.get(path)
		if _, rest, ok := strings.Cut(w.page, link); ok {
			id, _, _ := strings.Cut(rest, `"`)
			return id
		}
		time.Sleep(25 * time.Millisecond)
	}
	w.t.Fatalf("%s never had %s:\n%s", path, link, w.page)
	return ""
}
