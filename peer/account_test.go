package peer_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"sluis/exchange"
	"sluis/peer"
)

// An account is changed by one at a time; each change and each sign-in is one
// entry of the ledger, with who and what in its private part and nothing of it in
// its header.
func TestAccounts(t *testing.T) {
	w := newWorld(t, municipality)
	n := w.members[0].node
	ctx := context.Background()
	_, err := n.Account(ctx, requester.ID)
	wantCode(t, "no account yet", err, peer.UnknownAccount)
	_, err = n.SaveAccount(ctx, peer.Account{ID: "nobody", Value: []byte("{}")}, peer.AccountAct{Change: peer.AccountInvited})
	wantCode(t, "an account of nobody", err, peer.UnknownActor)
	_, err = n.SaveAccount(ctx, peer.Account{ID: requester.ID, Value: make([]byte, peer.MaxAccount+1)}, peer.AccountAct{Change: peer.AccountInvited})
	wantCode(t, "a large account", err, string(exchange.BadRequest))

	from := n.Size()
	a, err := n.SaveAccount(ctx, peer.Account{ID: requester.ID, Value: []byte("sealed text")}, peer.AccountAct{Change: peer.AccountInvited, By: professional.ID})
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.SaveAccount(ctx, peer.Account{ID: requester.ID, Value: []byte("other")}, peer.AccountAct{Change: peer.AccountInvited})
	wantCode(t, "made twice", err, peer.Busy)
	used := a
	used.Value = []byte("used")
	if err := n.RecordSignIn(ctx, peer.SignIn{Who: requester.ID, Method: peer.ByPassword, Outcome: peer.SignInDone, Count: 2}, &used); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "used twice", n.RecordSignIn(ctx, peer.SignIn{Who: requester.ID, Method: peer.ByPassword, Outcome: peer.SignInDone}, &used), peer.Busy)
	if err := n.RecordSignIn(ctx, peer.SignIn{Method: peer.ByPasskey, Outcome: peer.SignInRefused, Count: 7}, nil); err != nil {
		t.Fatal(err)
	}
	got, err := n.Account(ctx, requester.ID)
	if err != nil || string(got.Value) != "used" || got.Version == a.Version {
		t.Errorf("got %q, %v", got.Value, err)
	}
	if all, err := n.Accounts(ctx); err != nil || len(all) != 1 || all[0].ID != requester.ID {
		t.Errorf("%d accounts, %v", len(all), err)
	}
	wantCode(t, "removed as it was", n.RemoveAccount(ctx, a, professional.ID), peer.Busy)
	if err := n.RemoveAccount(ctx, got, professional.ID); err != nil {
		t.Fatal(err)
	}
	_, err = n.Account(ctx, requester.ID)
	wantCode(t, "an account that was removed", err, peer.UnknownAccount)

	entries, err := n.Entries(from, 10)
	if err != nil || len(entries) != 4 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for i, want := range []struct {
		kind exchange.EventKind
		part string
	}{
		{exchange.AccountChanged, `{"by":"b.devries","staff":"a.jansen","change":"invited"}`},
		{exchange.SignedIn, `{"by":"a.jansen","method":"password","outcome":"done","count":2}`},
		{exchange.SignedIn, `{"method":"passkey","outcome":"refused","count":7}`},
		{exchange.AccountChanged, `{"by":"b.devries","staff":"a.jansen","change":"withdrawn"}`},
	} {
		e := entries[i]
		part, err := n.PrivatePart(e)
		if err != nil || e.Kind != string(want.kind) || string(part) != want.part {
			t.Errorf("entry %d is %s %s, %v", i, e.Kind, part, err)
		}
		if header, err := json.Marshal(e.Header); err != nil || strings.Contains(string(header), "jansen") || strings.Contains(string(header), "password") {
			t.Errorf("the header of entry %d tells who or how: %s, %v", i, header, err)
		}
	}
}

func TestConfigOfTheConsole(t *testing.T) {
	const on, inside = "[console]\nlisten = \"0.0.0.0:8443\"\n", "[console]\nlisten = \"127.0.0.1:8080\"\n"
	const tls = "tls_cert = \"a.pem\"\ntls_key = \"b.pem\"\n"
	const provider = "[console.oidc]\nissuer = \"https://login.example.nl\"\n"
	for text, want := range map[string]string{
		"[console]\nport = 1":                                         `line 2: there is no key "console.port"`,
		"[console]\nidle = \"10h\"":                                   "longest is shorter",
		"[console]\ntls_cert = \"a.pem\"":                             "go together",
		"[console]\nlisten = \"8443\"\npublic_url = \"https://a.nl\"": "console.listen is not an address",
		on: "public_url is not a URL",
		on + tls + "public_url = \"https://a.nl/pad\"":                            "public_url is not a URL",
		on + tls + "public_url = \"https://u:geheim@a.nl\"":                       "public_url is not a URL",
		on + tls + "public_url = \"ftp://a.nl\"":                                  "not https",
		on + "public_url = \"https://a.nl\"":                                      "without TLS",
		on + "behind_proxy = true\npublic_url = \"https://a.nl\"":                 "without TLS",
		on + tls + "public_url = \"http://a.nl\"":                                 "loopback",
		on + "behind_proxy = true\npublic_url = \"http://localhost\"":             "loopback",
		inside + tls + "public_url = \"http://localhost:8080\"":                   "though there is TLS",
		inside + "public_url = \"https://a.nl\"":                                  "public_url is https",
		inside + "public_url = \"http://localhost:8080\"\nlocal_accounts = false": "nobody could sign in",
		provider:                       "client_id is missing",
		provider + "client_id = \"a\"": "one of secret_file and key_file",
		provider + "client_id = \"a\"\nsecret_file = \"s\"\nkey_file = \"k\"": "one of secret_file and key_file",
		provider + "client_id = \"a\"\nsecret_file = \"s\"\nclaim = \"\"":     "claim is missing",
		"[console.oidc]\nissuer = \"http://login.example.nl\"":                "issuer is not https",
		"[console.oidc]\nissuer = \"login\"":                                  "issuer is not a URL",
	} {
		_, err := peer.ParseConfig([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
	for _, text := range []string{
		on + tls + "public_url = \"https://a.nl\"", inside + "behind_proxy = true\npublic_url = \"https://a.nl\"",
		inside + "public_url = \"http://localhost:8080\"", inside + "public_url = \"http://127.0.0.1:8080\"",
		inside + "public_url = \"http://localhost:8080\"\nlocal_accounts = false\n" + provider + "client_id = \"a\"\nkey_file = \"k\"",
	} {
		if _, err := peer.ParseConfig([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
