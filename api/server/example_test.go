package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sluis/api"
	"sluis/api/example"
	"sluis/api/webhook"
)

// tokenURL is where the authorization server gives tokens to who shows a
// certificate (RFC 8705 §2).
func (o *office) tokenURL() string {
	o.t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil || r.Form.Get("grant_type") != "client_credentials" || r.Form.Get("client_id") != "zaaksysteem" || r.Form.Has("client_secret") {
			o.t.Errorf("a token is asked with %v", r.Form)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		to := tls.Certificate{Certificate: [][]byte{r.TLS.PeerCertificates[0].Raw}}
		token := o.as.token(to, func(c map[string]any, _ map[jose.HeaderKey]any) {
			c["scope"], c["aud"] = r.Form.Get("scope"), r.Form.Get("resource")
		})
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 60})
	}))
	s.TLS = &tls.Config{
		Certificates: []tls.Certificate{o.ca.issue("autorisatie", x509.ExtKeyUsageServerAuth)}, ClientCAs: o.ca.pool,
		ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}
	s.StartTLS()
	o.t.Cleanup(s.Close)
	return s.URL + "/token"
}

// A case system asks another organisation for data, a professional there decides,
// the case system hears by webhook that there is an answer, and reads it: two real
// nodes, certificates on both sides, tokens of an authorization server, and a
// receiver that fails at first.
func TestExample(t *testing.T) {
	o := newOffice(t, nil)
	key := []byte("een sleutel van 32 bytes lang ..")
	config := example.Config{
		NodeURL: o.url, TLS: &tls.Config{Certificates: []tls.Certificate{o.cert}, RootCAs: o.ca.pool, MinVersion: tls.VersionTLS12},
		TokenURL: o.tokenURL(), ClientID: "zaaksysteem", Resource: "https://node.example", Scopes: example.Scopes, WebhookKeys: [][]byte{key}, By: asked,
	}
	system := example.New(config)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var tries atomic.Int64
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries.Add(1) <= 2 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		system.ServeHTTP(w, r)
	}))
	receiver.TLS = &tls.Config{Certificates: []tls.Certificate{o.ca.issue("zaaksysteem", x509.ExtKeyUsageServerAuth)}, MinVersion: tls.VersionTLS12}
	receiver.StartTLS()
	t.Cleanup(receiver.Close)
	sender, err := webhook.Open(o.college.node, webhook.Form{OIN: string(o.college.id.OIN), PublicURL: "https://node.example"}, webhook.Target{
		System: "zaaksysteem", Capacities: []string{"investigation"}, URL: receiver.URL + "/sluis", Keys: [][]byte{key}, Client: webhook.NewClient(o.ca.pool),
		GiveUpAfter: time.Hour, State: filepath.Join(t.TempDir(), "webhook.json"), First: 5 * time.Millisecond, Longest: 50 * time.Millisecond,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 2)
	go func() { ended <- system.Run(running) }()
	go func() { sender.Run(running); ended <- nil }()

	var file example.File
	q := question()
	if err := system.Ask(ctx, &file, casus(), q); err != nil {
		t.Fatal(err)
	}
	o.wait(o.probation, file.Request, api.InWeighing)
	o.weighed(file.Request)
	if _, err := o.probation.client.Decide(ctx, by(professional), file.Request, verdict()); err != nil {
		t.Fatal(err)
	}
	answer, err := system.Answered(ctx, &file)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Items) != 2 || answer.Items[0].Value != "meldplicht tot en met maart" || len(answer.Conditions) == 0 {
		t.Errorf("the answer is %+v", answer)
	}
	// What happened also reaches the system when it looks by itself, so an attempt that
	// arrives may come after the answer was read.
	for tries.Load() < 3 {
		select {
		case <-ctx.Done():
			t.Fatalf("%d attempts; the receiver failed twice", tries.Load())
		case <-time.After(5 * time.Millisecond):
		}
	}
	stop()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	// Done again with the same file, as after a crash: nothing happens twice.
	before := file
	if err := system.Ask(ctx, &file, casus(), q); err != nil || file.Request != before.Request || file.Case != before.Case {
		t.Errorf("again: %v, request %s, was %s", err, file.Request, before.Request)
	}
	// One that heard nothing reads what happened, and finds the same.
	late := example.New(config)
	again := example.File{CaseKey: file.CaseKey, AskKey: file.AskKey}
	if err := late.Ask(ctx, &again, casus(), q); err != nil {
		t.Fatal(err)
	}
	if err := late.CatchUp(ctx); err != nil || again.Answer == nil || again.Request != file.Request {
		t.Errorf("who heard nothing has %+v, %v", again, err)
	}
}
