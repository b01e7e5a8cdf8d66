package observe

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluis/peer"
)

// A relay tells how much it does and for how many, and is not ready when its
// register has expired.
func TestRelayFigures(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	s := peer.RelayState{Members: 12, Version: 7, Expires: now.Add(time.Hour)}
	s.Places, s.Connections, s.Opened, s.Refused, s.Bytes = 3, 2, 41, 5, 1<<40
	r, err := NewRelay(Options{Version: "1.2.3", Now: func() time.Time { return now }}, func() peer.RelayState { return s })
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) (int, string) {
		answer := httptest.NewRecorder()
		r.Handler().ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		return answer.Code, answer.Body.String()
	}
	_, text := get("/metrics")
	for _, line := range []string{
		"sluis_relay_places 3", "sluis_relay_connections 2", "sluis_relay_connections_total 41", "sluis_relay_refused_total 5",
		"sluis_relay_bytes_total 1.099511627776e+12", "sluis_relay_members 12", "sluis_register_version 7", `sluis_build_info{version="1.2.3"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%q is missing", line)
		}
	}
	if status, text := get("/readyz"); status != 200 || text != "ok register\n" {
		t.Errorf("ready: %d %q", status, text)
	}
	now = s.Expires
	if status, text := get("/readyz"); status != 503 || !strings.Contains(text, peer.RegisterExpired) {
		t.Errorf("expired: %d %q", status, text)
	}
	if status, _ := get("/healthz"); status != 200 {
		t.Errorf("alive: %d", status)
	}
}
