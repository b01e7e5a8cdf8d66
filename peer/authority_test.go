package peer_test

import (
	"encoding/json"
	"net"
	"strconv"
	"testing"
	"time"

	"sluis/register"
)

type authority struct {
	root    []byte
	version uint64
}

func newAuthority(testing.TB) *authority { return &authority{root: []byte("{}")} }

func (a *authority) publish(t testing.TB, entries []register.Entry) []byte {
	a.version++
	b, err := json.Marshal(map[string]any{"V": a.version, "E": time.Now().Add(time.Hour), "Entries": entries})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// freeAddress is a loopback address on which nobody listens just now.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "/ip4/127.0.0.1/tcp/" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
