package console_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sluis/exchange"
)

func read(t testing.TB, answer *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// until asks for a page until it has a link to something with an ID, and returns
// that ID; for a text that is no link, until the page has it.
func (w *walker) until(path, link string) string {
	w.t.Helper()
	for range 400 {
		w.get(path)
		for rest := w.page; ; {
			var ok bool
			if _, rest, ok = strings.Cut(rest, link); !ok {
				break
			}
			id, _, _ := strings.Cut(rest, `"`)
			if _, err := exchange.ParseID(id); err == nil || !strings.HasSuffix(link, "/") {
				return id
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	w.t.Fatalf("%s never had %s:\n%s", path, link, w.page)
	return ""
}
