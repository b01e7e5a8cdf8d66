package crypto_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"sluis/crypto"
)

func newKeys(t testing.TB) *crypto.Keys {
	t.Helper()
	k, err := crypto.GenerateKeys()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// traces are the ways in which fmt, slog and json would write a run of bytes of
// each of the secrets.
func traces(t *testing.T, k *crypto.Keys) []string {
	t.Helper()
	plain, err := k.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string]string
	if err := json.Unmarshal(plain, &stored); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, raw := range [][]byte{k.Host, k.Signing, k.Checkpoint, k.Witness, k.Master.Bytes(), k.Pseudonym.Bytes(), unbech32(t, stored["sealing"])} {
		run := raw[4:12]
		all = append(all,
			strings.Trim(fmt.Sprint(run), "[]"), strings.Trim(fmt.Sprintf("%x", run), "[]"), strings.Trim(fmt.Sprintf("%X", run), "[]"),
			strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", run), "[]byte{"), "}"), string(run),
			hex.EncodeToString(run), base64.StdEncoding.EncodeToString(raw[3:12]), base64.StdEncoding.EncodeToString(raw[:9]),
		)
	}
	return append(all, stored["sealing"][20:40])
}

// unbech32 decodes the data part of an age identity.
func unbech32(t *testing.T, s string) []byte {
	t.Helper()
	_, data, ok := strings.Cut(strings.ToLower(s), "-pq-1")
	if !ok {
		t.Fatal("not a hybrid identity")
	}
	var out []byte
	value, bits := 0, 0
	for _, c := range data[:len(data)-6] {
		value, bits = value<<5|strings.IndexRune("qpzry9x8gf2tvdw0s3jn54khce6mua7l", c), bits+5
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(value>>bits))
		}
	}
	return out
}

func TestSecretsDoNotPrint(t *testing.T) {
	k := newKeys(t)
	file, err := crypto.NewKeyFile()
	if err != nil {
		t.Fatal(err)
	}
	fileLock, err := crypto.KeyFileLock(file)
	if err != nil {
		t.Fatal(err)
	}
	passphrase := "correct horse battery staple"
	lock := crypto.PassphraseLock([]byte(passphrase))
	record := crypto.NewRecordKey()

	type inner struct {
		keys      crypto.Keys
		pointer   *crypto.Keys
		secret    crypto.Secret
		identity  crypto.Identity
		record    crypto.RecordKey
		lock, key crypto.Lock
	}
	type Outer struct {
		Keys     crypto.Keys
		Pointer  *crypto.Keys
		Secret   crypto.Secret
		Identity *crypto.Identity
		Record   crypto.RecordKey
		Lock     crypto.Lock
		inner    inner
		deep     *inner
		list     []crypto.Secret
		byName   map[string]crypto.Keys
		any      any
	}
	in := inner{*k, k, k.Master, *k.Sealing, record, lock, fileLock}
	values := map[string]any{
		"keys": *k, "*keys": k, "secret": k.Master, "*secret": &k.Master, "identity": *k.Sealing, "*identity": k.Sealing,
		"record key": record, "passphrase": lock, "key file": fileLock,
		"unexported": in, "pointer to unexported": &in,
		"everywhere": Outer{*k, k, k.Master, k.Sealing, record, lock, in, &in, []crypto.Secret{k.Pseudonym}, map[string]crypto.Keys{"a": *k}, in},
	}
	secret := append(traces(t, k), passphrase[3:12], string(file[100:120]))
	for name, v := range values {
		var printed strings.Builder
		for _, verb := range "vsqdxXcUobtTpeEfFgGw" {
			for _, flags := range []string{"", "+", "#", " ", "-20", "0"} {
				fmt.Fprintf(&printed, "%"+flags+string(verb)+"\n", v)
			}
		}
		fmt.Fprintln(&printed, v, fmt.Errorf("wrapped: %v", v))
		slog.New(slog.NewTextHandler(&printed, nil)).Info("text", "value", v, "group", slog.GroupValue(slog.Any("v", v)))
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("json", "value", v)
		if raw, err := json.Marshal(v); err == nil {
			printed.Write(raw)
		}
		var encoded bytes.Buffer
		if err := gob.NewEncoder(&encoded).Encode(v); err == nil {
			printed.Write(encoded.Bytes())
		}
		for _, s := range secret {
			if strings.Contains(printed.String(), s) {
				t.Errorf("%s prints a secret", name)
			}
		}
	}
}

// The test above would pass if it looked for the wrong thing.
func TestTracesAreFoundWhereKeysDoPrint(t *testing.T) {
	k := newKeys(t)
	var printed strings.Builder
	plain, err := k.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string]string
	if err := json.Unmarshal(plain, &stored); err != nil {
		t.Fatal(err)
	}
	sealing := unbech32(t, stored["sealing"])
	for _, key := range []any{k.Host, k.Signing, k.Checkpoint, k.Witness, k.Master.Bytes(), k.Pseudonym.Bytes(), sealing} {
		fmt.Fprintf(&printed, "%v %x %X %#v %s", key, key, key, key, key)
		raw, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		printed.Write(raw)
	}
	printed.Write(plain)
	for i, s := range traces(t, k) {
		if !strings.Contains(printed.String(), s) {
			t.Errorf("trace %d is not found in what prints secrets", i)
		}
	}
}

func TestSecretsSayThatTheyAreHidden(t *testing.T) {
	k := newKeys(t)
	for _, v := range []any{*k, k, k.Master, k.Sealing, *k.Sealing, crypto.NewRecordKey(), crypto.PassphraseLock([]byte("x"))} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(format, v); got != "(hidden)" {
				t.Errorf("%T with %s prints %q", v, format, got)
			}
		}
		if _, err := json.Marshal(v); !errors.Is(err, crypto.ErrHidden) {
			t.Errorf("json.Marshal of %T: %v, want ErrHidden", v, err)
		}
		if _, err := json.Marshal(map[string]any{"v": v}); !errors.Is(err, crypto.ErrHidden) {
			t.Errorf("json.Marshal of %T in a map: %v, want ErrHidden", v, err)
		}
	}
}

func TestSecret(t *testing.T) {
	raw := bytes.Repeat([]byte{7}, 32)
	s, err := crypto.ParseSecret(raw)
	if err != nil {
		t.Fatal(err)
	}
	raw[0] = 1
	if b := s.Bytes(); b[0] != 7 {
		t.Error("the secret changed with the bytes that it was made of")
	}
	s.Bytes()[0] = 9
	if b := s.Bytes(); b[0] != 7 {
		t.Error("the secret changed with the bytes that it gave")
	}
	for n := range 70 {
		if _, err := crypto.ParseSecret(make([]byte, n)); (err == nil) != (n == 32) {
			t.Errorf("ParseSecret of %d bytes: %v", n, err)
		}
	}
	var zero crypto.Secret
	if !zero.IsZero() || s.IsZero() || zero.Bytes() != nil || zero.Equal(s) || !zero.Equal(crypto.Secret{}) {
		t.Error("the zero secret is not told from others")
	}
	if a, b := crypto.NewSecret(), crypto.NewSecret(); a.Equal(b) || !a.Equal(a) {
		t.Error("two random secrets are the same, or one differs from itself")
	}
}

// seeded returns the key whose seed is 32 times b.
func seeded(b byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, 32)) }

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }
