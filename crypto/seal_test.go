package crypto_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"sluis/crypto"
)

func identity(t testing.TB) *crypto.Identity {
	t.Helper()
	id, err := crypto.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestSealAndOpen(t *testing.T) {
	a, b, c := identity(t), identity(t), identity(t)
	for _, n := range []int{0, 1, 1019, 1020, 1021, 2044, 65532, 65536, 200000} {
		plain := bytes.Repeat([]byte{'x'}, n)
		sealed, err := crypto.Seal(plain, a.Recipient(), b.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(sealed, []byte("xxxx")) {
			t.Fatal("the plaintext stands in the clear")
		}
		for name, ids := range map[string][]*crypto.Identity{"first": {a}, "second": {b}, "old and new": {c, b}} {
			if got, err := crypto.Open(sealed, n, ids...); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes, %s: %v", n, name, err)
			}
		}
		if n > 0 {
			if got, err := crypto.Open(sealed, n-1, a); !errors.Is(err, crypto.ErrSealBroken) || got != nil {
				t.Errorf("%d bytes with a limit of %d: %v", n, n-1, err)
			}
		}
		for _, ids := range [][]*crypto.Identity{{c}, {}} {
			if got, err := crypto.Open(sealed, n, ids...); !errors.Is(err, crypto.ErrNotForUs) || got != nil {
				t.Errorf("%d bytes, opened by %d strangers: %v", n, len(ids), err)
			}
		}
	}
}

// Who sees a sealed message learns its length in steps of 1 KiB only.
func TestSealHidesLength(t *testing.T) {
	to := identity(t).Recipient()
	sizes := map[int]int{}
	for _, n := range []int{0, 1, 500, 1020, 1021, 1500, 2044, 2045} {
		sealed, err := crypto.Seal(make([]byte, n), to)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := sizes[(n+3)/1024]; ok && other != len(sealed) {
			t.Errorf("%d bytes are sealed in %d, others of the same step in %d", n, len(sealed), other)
		}
		sizes[(n+3)/1024] = len(sealed)
	}
	if len(sizes) != 3 || sizes[1]-sizes[0] != 1024 || sizes[2]-sizes[1] != 1024 {
		t.Errorf("sizes %v, want three that are 1,024 apart", sizes)
	}
}

func TestPad(t *testing.T) {
	for n := range 3100 {
		padded := crypto.Pad(bytes.Repeat([]byte{1}, n))
		if len(padded)%1024 != 0 || len(padded) != crypto.PaddedSize(n) || len(padded) < n+4 || len(padded) >= n+4+1024 {
			t.Fatalf("%d bytes are padded to %d", n, len(padded))
		}
		if got, ok := crypto.Unpad(padded); !ok || len(got) != n {
			t.Fatalf("%d bytes come back as %d", n, len(got))
		}
	}
	good := crypto.Pad([]byte("abc"))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i]++
		got, ok := crypto.Unpad(bad)
		// A length that is a little higher takes zeroes of the padding in; that is
		// another text, with a form of its own.
		if ok && (i < 2 || i > 6 || bytes.Equal(got, []byte("abc"))) {
			t.Errorf("accepted with byte %d changed", i)
		}
	}
	for _, bad := range [][]byte{nil, {0, 0, 0, 0}, good[:1023], append(bytes.Clone(good), 0), make([]byte, 2048), bytes.Repeat([]byte{255}, 1024)} {
		if _, ok := crypto.Unpad(bad); ok {
			t.Errorf("accepted %d bytes that are not padded as they should be", len(bad))
		}
	}
}

func TestSealedMangled(t *testing.T) {
	id := identity(t)
	sealed, err := crypto.Seal([]byte("text"), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if got, err := crypto.Open(bad, 100, id); err == nil || got != nil {
			t.Errorf("opened with byte %d changed", i)
		}
		if i%5 == 0 || i > len(sealed)-40 {
			if got, err := crypto.Open(sealed[:i], 100, id); !errors.Is(err, crypto.ErrSealBroken) || got != nil {
				t.Errorf("cut after %d bytes: %v", i, err)
			}
		}
	}
	if _, err := crypto.Open(append(bytes.Clone(sealed), 0), 100, id); !errors.Is(err, crypto.ErrSealBroken) {
		t.Error("opened with a byte behind it")
	}
}

// age hands out the first chunks of what is cut off later.
func TestOpenGivesNothingOfACutMessage(t *testing.T) {
	id := identity(t)
	sealed, err := crypto.Seal(make([]byte, 200000), id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 16, 1000, 70000, 140000} {
		if got, err := crypto.Open(sealed[:len(sealed)-cut], 1<<20, id); !errors.Is(err, crypto.ErrSealBroken) || got != nil {
			t.Errorf("cut by %d: %d bytes, %v", cut, len(got), err)
		}
	}
}

// encrypt seals with age alone, as another program would.
func encrypt(t *testing.T, plaintext []byte, to ...age.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plaintext); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unlabelled hides from age that a recipient can't be mixed with others.
type unlabelled struct{ age.Recipient }

func (u unlabelled) Wrap(key []byte) ([]*age.Stanza, error) { return u.Recipient.Wrap(key) }

// grease adds a stanza that nobody can read.
type grease struct{}

func (grease) Wrap([]byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: "grease", Args: []string{"x"}, Body: []byte("y")}}, nil
}

func TestOpenRefusesWhatIsNotHybrid(t *testing.T) {
	id := identity(t)
	ours, err := age.ParseHybridRecipient(id.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	scrypt, err := age.NewScryptRecipient("sesam")
	if err != nil {
		t.Fatal(err)
	}
	scrypt.SetWorkFactor(1)
	var many []age.Recipient
	for range crypto.MaxRecipients + 1 {
		many = append(many, ours)
	}
	padded := crypto.Pad([]byte("text"))
	if got, err := crypto.Open(encrypt(t, padded, ours), 100, id); err != nil || string(got) != "text" {
		t.Errorf("a well-made message of another program: %v", err)
	}
	if _, err := crypto.Open(encrypt(t, padded, many[:crypto.MaxRecipients]...), 100, id); err != nil {
		t.Errorf("a message to as many as are allowed: %v", err)
	}
	for name, sealed := range map[string][]byte{
		"not padded": encrypt(t, []byte("text"), ours), "padding not zero": encrypt(t, append(bytes.Clone(padded[:1023]), 1), ours),
		"empty": encrypt(t, nil, ours), "classical": encrypt(t, padded, classic.Recipient()), "passphrase": encrypt(t, padded, scrypt),
		"mixed":            encrypt(t, padded, unlabelled{ours}, unlabelled{classic.Recipient()}),
		"grease":           encrypt(t, padded, unlabelled{ours}, grease{}),
		"one stanza more":  encrypt(t, padded, many...),
		"too large inside": encrypt(t, make([]byte, 1<<20), ours),
		"not age":          []byte("hello"), "nothing": nil, "header only": []byte("age-encryption.org/v1\n"),
		"huge header": append([]byte("age-encryption.org/v1\n-> mlkem768x25519 "), bytes.Repeat([]byte("A"), 1<<20)...),
	} {
		if got, err := crypto.Open(sealed, 100, id); !errors.Is(err, crypto.ErrSealBroken) || got != nil {
			t.Errorf("%s: %v, want ErrSealBroken", name, err)
		}
	}
	if _, err := crypto.Open(nil, 100, nil); err == nil {
		t.Error("opened with a nil identity")
	}
	if _, err := crypto.Open(encrypt(t, padded, ours), 100, &crypto.Identity{}); err == nil {
		t.Error("opened with an empty identity")
	}
}

// What is sealed here opens with age alone.
func TestSealIsAge(t *testing.T) {
	k := newKeys(t)
	plain, err := k.Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(plain), `"sealing":"`)
	text, _, _ = strings.Cut(text, `"`)
	id, err := age.ParseHybridIdentity(text)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := crypto.Seal([]byte("text"), k.Public().Sealing)
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, crypto.Pad([]byte("text"))) {
		t.Errorf("age opens %q, %v", got, err)
	}
}

func TestSealRefuses(t *testing.T) {
	r := identity(t).Recipient()
	if _, err := crypto.Seal(nil); err == nil {
		t.Error("sealed to nobody")
	}
	if _, err := crypto.Seal(nil, r, crypto.Recipient{}); err == nil {
		t.Error("sealed to an empty recipient")
	}
	many := make([]crypto.Recipient, crypto.MaxRecipients+1)
	for i := range many {
		many[i] = r
	}
	if _, err := crypto.Seal(nil, many...); err == nil {
		t.Error("sealed to too many")
	}
	if (crypto.Identity{}).Recipient() != (crypto.Recipient{}) {
		t.Error("an empty identity has a recipient")
	}
}

func TestParseRecipient(t *testing.T) {
	good := identity(t).Recipient().String()
	if len(good) != 1959 || !strings.HasPrefix(good, "age1pq1") {
		t.Errorf("a recipient of %d characters", len(good))
	}
	if r, err := crypto.ParseRecipient(good); err != nil || r.String() != good {
		t.Errorf("parse: %v", err)
	}
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "classical": classic.Recipient().String(), "plugin": "age1yubikey1qwertyuiop", "tag": "age1tagpq1qwertyuiop",
		"ssh":  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice",
		"case": strings.ToUpper(good), "space": good + " ", "newline": good + "\n", "cut": good[:1958], "changed": good[:900] + "b1" + good[902:],
		"identity": "AGE-SECRET-KEY-PQ-1QQQQ",
	} {
		if _, err := crypto.ParseRecipient(text); err == nil {
			t.Errorf("%s: accepted", name)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error repeats it", name)
		}
	}
}

func TestRecipientMangled(t *testing.T) {
	good := joined(t, "recipient")
	for i := range good {
		for _, c := range []byte{good[i] ^ 1, good[i] ^ 0x20, 'q', '1'} {
			if bad := good[:i] + string(c) + good[i+1:]; bad != good {
				if _, err := crypto.ParseRecipient(bad); err == nil {
					t.Errorf("accepted with %q at %d", c, i)
				}
			}
		}
	}
}

func TestRecipientIsForMany(t *testing.T) {
	id := identity(t)
	r := id.Recipient()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			text := fmt.Sprint(i)
			sealed, err := crypto.Seal([]byte(text), r)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := crypto.Open(sealed, 10, id); err != nil || string(got) != text {
				t.Errorf("opened %q, %v", got, err)
			}
		})
	}
	wait.Wait()
}

func FuzzOpen(f *testing.F) {
	// The seeds must be the same in every process that fuzzes.
	id := vectorKeys(f).Sealing
	f.Add(decoded(f, "sealed", base64.StdEncoding.DecodeString))
	f.Add([]byte("age-encryption.org/v1\n-> mlkem768x25519 x\n\n--- x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := crypto.Open(data, 100, id)
		if (err == nil) == (got == nil) || len(got) > 100 {
			t.Errorf("%d bytes and %v", len(got), err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	to := identity(b).Recipient()
	plain := make([]byte, 2000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := crypto.Seal(plain, to); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	id := identity(b)
	sealed, err := crypto.Seal(make([]byte, 2000), id.Recipient())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := crypto.Open(sealed, 2000, id); err != nil {
			b.Fatal(err)
		}
	}
}
