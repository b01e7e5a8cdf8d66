package transport

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// connectProxy is an HTTP proxy that knows CONNECT only. It counts what it
// connects, or answers with a status instead.
func connectProxy(t *testing.T, status int) (address string, connected *atomic.Int32) {
	t.Helper()
	connected = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		far, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		near, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
		connected.Add(1)
		go func() {
			_, _ = io.Copy(far, buffered)
			_ = far.Close()
		}()
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}))
	t.Cleanup(s.Close)
	return s.URL, connected
}

// All that a host calls over TCP it calls through the proxy: peers, its relay,
// and peers behind a relay.
func TestThroughAProxy(t *testing.T) {
	address, connected := connectProxy(t, http.StatusOK)
	relay := startRelay(t, "relay", wires["tcp"], "left", "right")
	right := open(t, config("right", wires["tcp"]))
	cfg := config("left", "")
	cfg.Proxy, cfg.Relays = address, []string{at(relay)}
	left := open(t, cfg)
	hasPlace(t, left)
	if n := connected.Load(); n != 1 {
		t.Errorf("%d connections through the proxy, want the one to the relay", n)
	}
	acquaint(t, left, right)
	for _, way := range [][2]*Host{{left, right}, {right, left}} {
		reply, err := way[0].Send(soon(t), way[1].ID(), echo, large())
		if err != nil || !bytes.Equal(reply, large()) {
			t.Fatalf("%d bytes of reply, %v", len(reply), err)
		}
	}
	if n := connected.Load(); n != 2 {
		t.Errorf("%d connections through the proxy, want one to the relay and one to the peer", n)
	}
}

func TestProxyThatRefuses(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	refusing, _ := connectProxy(t, http.StatusForbidden)
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	for name, address := range map[string]string{"refuses": refusing, "is not there": closed.URL, "says nothing": "http://" + mute.Addr().String()} {
		answerer := open(t, config("answerer", wires["tcp"]))
		cfg := config("asker", "")
		cfg.Proxy = address
		asker := open(t, cfg)
		acquaint(t, asker, answerer)
		_, err := asker.Send(soon(t), answerer.ID(), echo, nil)
		if err == nil {
			t.Errorf("a proxy that %s: sent all the same", name)
			continue
		}
		wants(t, err, ErrUnreachable)
	}
	for _, bad := range []string{"", "proxy:3128", "https://proxy:3128", "http://proxy", "http://u:p@proxy:3128", "http://proxy:3128/x", "socks5://proxy:1080"} {
		if _, err := ParseProxy(bad); err == nil {
			t.Errorf("%q is a proxy", bad)
		}
	}
}
