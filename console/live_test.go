package console_test

import (
	"bufio"
	"strings"
	"testing"

	"sluis/exchange"
)

// One person can't hold the node open with pages without end, and one who closes a
// page makes room for the next.
func TestPagesToldAtATime(t *testing.T) {
	t.Parallel()
	w := newTown(t, "debt-help")
	decider := newWalker(t, w.door("debt-help", "r.hoek", exchange.Professional))
	listen := func() (first string, leave func()) {
		t.Helper()
		answer, err := decider.client.Get(decider.base + "/live")
		if err != nil {
			t.Fatal(err)
		}
		first, err = bufio.NewReader(answer.Body).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(first), func() {
			if err := answer.Body.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	var leave []func()
	for n := range 24 {
		first, end := listen()
		if first != "retry: 2000" {
			t.Fatalf("page %d is told %q", n+1, first)
		}
		leave = append(leave, end)
	}
	first, end := listen()
	end()
	if first != "retry: 90000" {
		t.Errorf("one page too many is told %q", first)
	}
	leave[0]()
	for range 200 { // the node hears of it when it next writes, or of the connection
		if first, end = listen(); first == "retry: 2000" {
			break
		}
		end()
	}
	end()
	if first != "retry: 2000" {
		t.Error("a page that is closed makes no room")
	}
	for _, end := range leave[1:] {
		end()
	}
}
