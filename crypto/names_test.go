package crypto_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	libcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"sluis/crypto"
)

// The key of RFC 8037 appendix A.
const (
	rfcSeed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
	rfcX    = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	rfcKid  = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
)

func rfcKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	seed, err := base64.RawURLEncoding.DecodeString(rfcSeed)
	if err != nil {
		t.Fatal(err)
	}
	return ed25519.NewKeyFromSeed(seed)
}

func TestKeyID(t *testing.T) {
	pub := public(rfcKey(t))
	if got := crypto.KeyID(pub); got != rfcKid {
		t.Errorf("thumbprint %s, RFC 8037 appendix A.3 has %s", got, rfcKid)
	}
	if want := (crypto.JWK{Kty: "OKP", Crv: "Ed25519", Kid: rfcKid, X: rfcX}); crypto.PublicJWK(pub) != want {
		t.Errorf("jwk %v, want %v", crypto.PublicJWK(pub), want)
	}
	got, err := crypto.PublicJWK(pub).Key()
	if err != nil || !got.Equal(pub) {
		t.Errorf("the key of its jwk: %v", err)
	}
}

func TestJWKRefuses(t *testing.T) {
	good := crypto.PublicJWK(public(rfcKey(t)))
	for name, change := range map[string]func(*crypto.JWK){
		"kty": func(j *crypto.JWK) { j.Kty = "EC" }, "crv": func(j *crypto.JWK) { j.Crv = "Ed448" },
		"kid": func(j *crypto.JWK) { j.Kid = "x" }, "no kid": func(j *crypto.JWK) { j.Kid = "" },
		"short": func(j *crypto.JWK) { j.X = j.X[4:] }, "padding": func(j *crypto.JWK) { j.X += "=" },
		"unused bits": func(j *crypto.JWK) { j.X = j.X[:42] + "p" }, "newline": func(j *crypto.JWK) { j.X = j.X[:8] + "\n" + j.X[8:] },
		"alphabet": func(j *crypto.JWK) { j.X = strings.ReplaceAll(j.X, "_", "/") },
	} {
		j := good
		change(&j)
		if j == good {
			t.Fatalf("%s: changed nothing", name)
		}
		if _, err := j.Key(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPeerIDIsThatOfLibp2p(t *testing.T) {
	for b := range 64 {
		pub := public(seeded(byte(b)))
		key, err := libcrypto.UnmarshalEd25519PublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		want, err := peer.IDFromPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if got := crypto.PeerID(pub); got != want.String() {
			t.Errorf("peer ID %s, libp2p has %s", got, want)
		}
		if got, err := crypto.ParsePeerID(want.String()); err != nil || !got.Equal(pub) {
			t.Errorf("parse %s: %v", want, err)
		}
	}
}

func TestPeerIDRefuses(t *testing.T) {
	good := crypto.PeerID(public(seeded(1)))
	bad := []string{"", good + "1", "1" + good, good[:51], good + "\n", " " + good, strings.ToLower(good), "z" + good,
		"QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", strings.Repeat("1", 52), strings.Repeat("z", 52), strings.Repeat("é", 26)}
	for i := range good {
		bad = append(bad, good[:i]+"0"+good[i+1:])
		bad = append(bad, good[:i]+"l"+good[i+1:])
	}
	for _, id := range bad {
		if _, err := crypto.ParsePeerID(id); err == nil {
			t.Errorf("accepted %q", id)
		}
	}
	if crypto.PeerID(nil) != "" || crypto.PeerID(make([]byte, 33)) != "" {
		t.Error("a key of the wrong size has a peer ID")
	}
}

func FuzzParsePeerID(f *testing.F) {
	f.Add(crypto.PeerID(public(seeded(1))))
	f.Add(crypto.PeerID(bytes.Repeat([]byte{0xff}, 32)))
	f.Add(crypto.PeerID(make([]byte, 32)))
	f.Add("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")
	f.Fuzz(func(t *testing.T, id string) {
		pub, err := crypto.ParsePeerID(id)
		if err == nil && crypto.PeerID(pub) != id {
			t.Errorf("accepted %q, which is written %q", id, crypto.PeerID(pub))
		}
	})
}
