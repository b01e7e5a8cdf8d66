package register_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/register"
)

// keysNamed turns "abc" into three authority keys.
func keysNamed(names string) (keys []ed25519.PrivateKey) {
	for _, n := range []byte(names) {
		keys = append(keys, seeded(n))
	}
	return keys
}

func code(err error) string {
	var f *register.Fault
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.Code
	}
	return err.Error()
}

// draw makes roots of a drawing such as
//
//	1 ab/2 by ab > 2 bc/2 by abc
//
// where each root is: version, its keys and threshold, and who has signed it.
// A version with a mark, as in 2', is another root of the same version.
func draw(t testing.TB, drawing string) (roots [][]byte) {
	t.Helper()
	for _, text := range strings.Split(drawing, " > ") {
		word := strings.Fields(text)
		if len(word) != 4 || word[2] != "by" {
			t.Fatalf("can't read %q", text)
		}
		names, threshold, _ := strings.Cut(word[1], "/")
		issued := noon
		if strings.HasSuffix(word[0], "'") {
			issued = noon.Add(time.Hour)
		}
		doc := must[[]byte](t)(register.NewRoot(int(threshold[0]-'0'), publicOf(keysNamed(names)...), issued, noon.AddDate(1, 0, 0)))
		for v := byte('1'); v < word[0][0]; v++ {
			doc = must[[]byte](t)(register.RotateRoot(doc, int(threshold[0]-'0'), publicOf(keysNamed(names)...), issued, noon.AddDate(1, 0, 0)))
		}
		roots = append(roots, signRoot(t, doc, keysNamed(word[3])...))
	}
	return roots
}

// under makes a register under the last of the roots, signed by names.
func under(t testing.TB, roots [][]byte, version int, names string) []byte {
	t.Helper()
	d := must[register.Draft](t)(register.NewDraft(roots[len(roots)-1], noon, expires))
	doc := must[[]byte](t)(d.Sign())
	return resign(t, doc, names, `"version":1,`, `"version":`+string(rune('0'+version))+`,`)
}

// resign changes the payload of a register document and signs it, as an
// authority with other software might.
func resign(t testing.TB, doc []byte, names string, pairs ...string) []byte {
	t.Helper()
	payload, _, err := crypto.PeekGeneral(doc, register.MaxBundle, "sluis-register+jws")
	if err != nil {
		t.Fatal(err)
	}
	text := string(payload)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the payload has no %s", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return forge(text, "sluis-register+jws", keysNamed(names)...)
}

// forge signs any payload, also one that [crypto.SignGeneral] refuses.
func forge(payload, typ string, keys ...ed25519.PrivateKey) []byte {
	b64 := base64.RawURLEncoding.EncodeToString
	var signatures []string
	for _, k := range keys {
		protected := b64([]byte(`{"alg":"EdDSA","kid":"` + crypto.KeyID(publicOf(k)[0]) + `","typ":"` + typ + `"}`))
		signature := b64(ed25519.Sign(k, []byte(protected+"."+b64([]byte(payload)))))
		signatures = append(signatures, `{"protected":"`+protected+`","signature":"`+signature+`"}`)
	}
	return []byte(`{"payload":"` + b64([]byte(payload)) + `","signatures":[` + strings.Join(signatures, ",") + `]}`)
}

func bundleOf(roots [][]byte, doc []byte) []byte {
	return register.Bundle{Roots: roots, Register: doc}.Bytes()
}

func TestChains(t *testing.T) {
	const first = "1 ab/2 by ab"
	for _, c := range []struct{ name, drawing, signers, want string }{
		{"one root", first, "ab", ""},
		{"rotated", first + " > 2 bc/2 by abc", "bc", ""},
		{"rotated twice", first + " > 2 bc/2 by abc > 3 cd/2 by bcd", "cd", ""},
		{"all keys replaced", first + " > 2 cd/2 by abcd", "cd", ""},
		{"same keys", first + " > 2 ab/2 by ab", "ab", ""},
		{"threshold lowered", first + " > 2 ab/1 by ab > 3 ab/2 by ab", "ab", ""},
		{"strangers sign too", "1 ab/2 by abxy > 2 bc/2 by abcz", "bcxyz", ""},

		{"not signed by itself", "1 ab/2 by a", "ab", register.RootChainBroken},
		{"signed by old only", first + " > 2 cd/2 by ab", "cd", register.RootChainBroken},
		{"signed by new only", first + " > 2 cd/2 by cd", "cd", register.RootChainBroken},
		{"one of old", first + " > 2 cd/2 by acd", "cd", register.RootChainBroken},
		{"one of new", first + " > 2 cd/2 by abc", "cd", register.RootChainBroken},
		{"old threshold counts", first + " > 2 bc/1 by bc", "bc", register.RootChainBroken},
		{"new threshold counts", "1 ab/1 by a > 2 bcd/3 by abc", "bcd", register.RootChainBroken},
		{"nobody signed", first + " > 2 ab/2 by x", "ab", register.RootChainBroken},
		{"broken in the middle", first + " > 2 cd/2 by cd > 3 cd/2 by cd", "cd", register.RootChainBroken},
		{"third signed by first", first + " > 2 cd/2 by abcd > 3 ef/2 by abef", "ef", register.RootChainBroken},
		{"version skipped", first + " > 3 bc/2 by abc", "bc", register.RootChainBroken},
		{"version twice", first + " > 1 ab/2 by ab", "ab", register.RootChainBroken},
		{"backwards", first + " > 2 ab/2 by ab > 1 ab/2 by ab", "ab", register.RootChainBroken},

		{"register signed by one", first, "a", register.TooFewSignatures},
		{"register signed by nobody", first, "", register.TooFewSignatures},
		{"register signed by strangers", first, "xyz", register.TooFewSignatures},
		{"register signed by the root before", first + " > 2 cd/2 by abcd", "ab", register.TooFewSignatures},
		{"register signed by half old, half new", first + " > 2 cd/2 by abcd", "ac", register.TooFewSignatures},
	} {
		roots := draw(t, c.drawing)
		pin := must[register.Pin](t)(register.ParsePin(draw(t, first)[0]))
		if strings.HasPrefix(c.drawing, "1 ab/1") {
			pin = must[register.Pin](t)(register.ParsePin(roots[0]))
		}
		bundle := bundleOf(roots, under(t, roots, 1, c.signers))
		if _, err := register.Open(pin, bundle, nil, noon); code(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		published, err := register.Publish(roots, under(t, roots, 1, c.signers), nil)
		if (err == nil) != (c.want == "") {
			t.Errorf("%s: published with %v", c.name, err)
		}
		if err == nil && string(published) != string(bundle) {
			t.Errorf("%s: published another bundle", c.name)
		}
	}
}

// Every set of signers against every threshold, of up to four authorities.
func TestThresholds(t *testing.T) {
	for n := 1; n <= 4; n++ {
		names := "abcd"[:n]
		for threshold := 1; threshold <= n; threshold++ {
			root := rootBy(t, threshold, keysNamed(names)...)
			pin := must[register.Pin](t)(register.ParsePin(root))
			for set := range 1 << n {
				signers := ""
				for i := range n {
					if set>>i&1 == 1 {
						signers += names[i : i+1]
					}
				}
				want := ""
				if len(signers) < threshold {
					want = register.TooFewSignatures
				}
				_, err := register.Open(pin, bundleOf([][]byte{root}, under(t, [][]byte{root}, 1, signers)), nil, noon)
				if code(err) != want {
					t.Errorf("%d of %d, signed by %q: %v, want %q", threshold, n, signers, err, want)
				}
				if want != "" && !errors.Is(err, crypto.ErrTooFewSignatures) {
					t.Errorf("%d of %d, signed by %q: the fault does not wrap the cause", threshold, n, signers)
				}
			}
		}
	}
}

func TestPins(t *testing.T) {
	roots := draw(t, "1 ab/2 by ab > 2 bc/2 by abc > 3 cd/2 by bcd")
	other := draw(t, "1' ab/2 by ab")
	short := bundleOf(roots[:1], under(t, roots[:1], 1, "ab"))
	long := bundleOf(roots, under(t, roots, 1, "cd"))
	for i, root := range roots {
		pin := must[register.Pin](t)(register.ParsePin(root))
		if _, err := register.Open(pin, long, nil, noon); err != nil {
			t.Errorf("pinned root %d: %v", i+1, err)
		}
		want := ""
		if i > 0 {
			want = register.RootNotPinned
		}
		if _, err := register.Open(pin, short, nil, noon); code(err) != want {
			t.Errorf("pinned root %d, bundle with the first: %v, want %q", i+1, err, want)
		}
	}
	if _, err := register.Open(must[register.Pin](t)(register.ParsePin(other[0])), long, nil, noon); code(err) != register.RootNotPinned {
		t.Errorf("pinned another first root: %v", err)
	}
	if _, err := register.Open(register.Pin{}, long, nil, noon); code(err) != register.RootNotPinned {
		t.Errorf("pinned nothing: %v", err)
	}
	// A node that pins a later root does not depend on the keys before it.
	forged := draw(t, "1 xy/2 by xy")
	late := bundleOf([][]byte{forged[0], roots[1], roots[2]}, under(t, roots, 1, "cd"))
	if _, err := register.Open(must[register.Pin](t)(register.ParsePin(roots[1])), late, nil, noon); err != nil {
		t.Errorf("pinned root 2 with another first root before it: %v", err)
	}
	// More signatures make no other root.
	more := signRoot(t, roots[0], keysNamed("x")...)
	if a, b := must[register.Pin](t)(register.ParsePin(more)), must[register.Pin](t)(register.ParsePin(roots[0])); a != b || a.Fingerprint() != b.Fingerprint() {
		t.Error("a root with one more signature has another pin")
	}
	for name, doc := range map[string][]byte{
		"too few signatures": draw(t, "1 ab/2 by a")[0], "a register": under(t, roots, 1, "ab"), "a bundle": long, "nothing": nil,
	} {
		if _, err := register.ParsePin(doc); err == nil {
			t.Errorf("pinned %s", name)
		}
	}
}

func TestRollback(t *testing.T) {
	roots := draw(t, "1 ab/2 by ab > 2 ab/2 by ab > 3 ab/2 by ab")
	forked := draw(t, "1 ab/2 by ab > 2' ab/2 by ab > 3 ab/2 by ab")
	pin := must[register.Pin](t)(register.ParsePin(roots[0]))
	at := func(roots [][]byte, version int, pairs ...string) []byte {
		doc := under(t, roots, version, "ab")
		return bundleOf(roots, resign(t, doc, "ab", pairs...))
	}
	other := []string{`"expires":"2027-02-23`, `"expires":"2027-02-22`}
	for _, c := range []struct {
		name       string
		seen, next []byte
		want       string
	}{
		{"newer", at(roots, 2), at(roots, 3), ""},
		{"much newer", at(roots, 2), at(roots, 9), ""},
		{"same again", at(roots, 2), at(roots, 2), ""},
		{"same, more signatures", at(roots, 2), bundleOf(roots, must[[]byte](t)(register.SignRegister(under(t, roots, 2, "ab"), seeded('x')))), ""},
		{"newer, root rotated", at(roots[:2], 2), at(roots, 3), ""},
		{"older", at(roots, 3), at(roots, 2), register.RegisterRollback},
		{"much older", at(roots, 9), at(roots, 1), register.RegisterRollback},
		{"same version, other content", at(roots, 2), at(roots, 2, other...), register.RegisterForked},
		{"same version, root rotated", at(roots[:2], 2), at(roots, 2), register.RegisterForked},
		{"newer, older root", at(roots, 2), at(roots[:2], 3), register.RootRollback},
		{"newer, other root in between", at(roots, 2), at(forked, 3), register.RootForked},
		{"older, other root", at(roots, 2), at(forked, 1), register.RootForked},
	} {
		seen := must[*register.Register](t)(register.Open(pin, c.seen, nil, noon))
		if got, err := register.Open(pin, c.next, seen, noon); code(err) != c.want || (got == nil) != (err != nil) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if _, err := register.Open(pin, c.next, nil, noon); err != nil {
			t.Errorf("%s: a node that has seen nothing: %v", c.name, err)
		}
	}
}

// A peer that gives the same register for ever is found out by its date.
func TestFreeze(t *testing.T) {
	roots := draw(t, "1 ab/2 by ab > 2 ab/2 by ab")
	pin := must[register.Pin](t)(register.ParsePin(roots[0]))
	bundle := bundleOf(roots, under(t, roots, 1, "ab"))
	long := bundleOf(roots, resign(t, under(t, roots, 1, "ab"), "ab", expires.Format(time.RFC3339), "2036-01-01T00:00:00Z"))
	for _, c := range []struct {
		name   string
		bundle []byte
		now    time.Time
		want   string
	}{
		{"on the day", bundle, noon, ""},
		{"before it was issued", bundle, noon.Add(-time.Hour), ""},
		{"in the last second", bundle, expires.Add(-1), ""},
		{"when it expires", bundle, expires, register.RegisterExpired},
		{"later", bundle, expires.AddDate(0, 1, 0), register.RegisterExpired},
		{"before its root expires", long, noon.AddDate(1, 0, 0).Add(-1), ""},
		{"when its root expires", long, noon.AddDate(1, 0, 0), register.RootExpired},
		{"after both", bundle, noon.AddDate(2, 0, 0), register.RootExpired},
	} {
		if _, err := register.Open(pin, c.bundle, nil, c.now); code(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if _, err := register.Reopen(pin, c.bundle); err != nil {
			t.Errorf("%s: reopen: %v", c.name, err)
		}
	}
	// Only the newest root must not have expired.
	short := must[[]byte](t)(register.NewRoot(1, publicOf(seeded('a')), noon, noon.Add(time.Second)))
	next := must[[]byte](t)(register.RotateRoot(short, 1, publicOf(seeded('a')), noon, noon.AddDate(1, 0, 0)))
	chain := [][]byte{signRoot(t, short, seeded('a')), signRoot(t, next, seeded('a'))}
	pin = must[register.Pin](t)(register.ParsePin(chain[0]))
	if _, err := register.Open(pin, bundleOf(chain, under(t, chain, 1, "a")), nil, noon.Add(time.Hour)); err != nil {
		t.Errorf("with an old root that has expired: %v", err)
	}
}

func TestRegisterBelongsToNewestRoot(t *testing.T) {
	roots := draw(t, "1 ab/2 by ab > 2 ab/2 by ab")
	pin := must[register.Pin](t)(register.ParsePin(roots[0]))
	for _, c := range []struct {
		roots [][]byte
		doc   []byte
	}{{roots, under(t, roots[:1], 1, "ab")}, {roots[:1], under(t, roots, 1, "ab")}} {
		if _, err := register.Open(pin, bundleOf(c.roots, c.doc), nil, noon); code(err) != register.RegisterRoot {
			t.Errorf("%d roots: %v, want %s", len(c.roots), err, register.RegisterRoot)
		}
	}
}

func TestRootRefuses(t *testing.T) {
	a, b := publicOf(seeded('a'))[0], publicOf(seeded('b'))[0]
	year := noon.AddDate(1, 0, 0)
	many := make([]ed25519.PublicKey, register.MaxAuthorities+1)
	for i := range many {
		many[i] = publicOf(seeded(byte(i)))[0]
	}
	for _, c := range []struct {
		name      string
		threshold int
		keys      []ed25519.PublicKey
		issued    time.Time
		expires   time.Time
	}{
		{"no keys", 0, nil, noon, year}, {"threshold zero", 0, []ed25519.PublicKey{a}, noon, year},
		{"threshold below zero", -1, []ed25519.PublicKey{a}, noon, year}, {"threshold above keys", 3, []ed25519.PublicKey{a, b}, noon, year},
		{"same key twice", 2, []ed25519.PublicKey{a, a}, noon, year}, {"short key", 1, []ed25519.PublicKey{a[:31]}, noon, year},
		{"nil key", 1, []ed25519.PublicKey{nil}, noon, year}, {"too many keys", 1, many, noon, year},
		{"expires when issued", 1, []ed25519.PublicKey{a}, noon, noon}, {"expires before", 1, []ed25519.PublicKey{a}, year, noon},
		{"no dates", 1, []ed25519.PublicKey{a}, time.Time{}, time.Time{}},
	} {
		if _, err := register.NewRoot(c.threshold, c.keys, c.issued, c.expires); code(err) != register.RootForm {
			t.Errorf("%s: %v, want %s", c.name, err, register.RootForm)
		}
	}
	good := must[[]byte](t)(register.NewRoot(1, []ed25519.PublicKey{a}, noon, year))
	payload, _, err := crypto.PeekGeneral(good, 1<<16, "sluis-root+jws")
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{
		{"{", `{"x":1,`}, {":", ": "}, {`"version"`, `"Version"`}, {`"version":1`, `"version":0`}, {`"version":1`, `"version":-1`}, {`"version":1`, `"version":1.0`},
		{`"version":1`, `"version":257`}, {`"threshold":1`, `"threshold":2`}, {`"threshold":1`, `"threshold":0`}, {"12:00:00Z", "12:00:00.5Z"},
		{"12:00:00Z", "12:00:00+00:00"}, {"12:00:00Z", "12:00:00+01:00"}, {`"OKP"`, `"EC"`}, {`"kid":"`, `"kid":"x`}, {`"crv":"Ed25519",`, ""}, {`"keys":[`, `"keys":[],"k":[`},
	} {
		bad := strings.Replace(string(payload), pair[0], pair[1], 1)
		if bad == string(payload) {
			t.Fatalf("%q is not in the root", pair[0])
		}
		doc := forge(bad, "sluis-root+jws", seeded('a'))
		if _, _, err := register.PeekRoot(doc); code(err) != register.RootForm {
			t.Errorf("%q for %q: %v, want %s", pair[1], pair[0], err, register.RootForm)
		}
		if _, err := register.ParsePin(doc); code(err) != register.RootForm {
			t.Errorf("%q for %q: pinned with %v", pair[1], pair[0], err)
		}
	}
	signed := signRoot(t, good, seeded('a'))
	if _, err := register.SignRoot(signed, seeded('a')); code(err) != register.BadSignature {
		t.Errorf("signed twice: %v", err)
	}
	root, kids, err := register.PeekRoot(signed)
	if err != nil || root.Version != 1 || root.Threshold != 1 || len(root.Keys) != 1 || len(kids) != 1 || kids[0] != crypto.KeyID(a) {
		t.Errorf("peek: %+v %v %v", root, kids, err)
	}
}

func TestTooManyRoots(t *testing.T) {
	root := draw(t, "1 a/1 by a")[0]
	var roots [][]byte
	for range register.MaxRoots + 1 {
		roots = append(roots, root)
	}
	pin := must[register.Pin](t)(register.ParsePin(root))
	for name, bundle := range map[string][]byte{
		"too many": bundleOf(roots, under(t, roots, 1, "a")), "none": bundleOf(nil, under(t, roots, 1, "a")),
	} {
		if _, err := register.Open(pin, bundle, nil, noon); code(err) != register.BundleForm {
			t.Errorf("%s: %v, want %s", name, err, register.BundleForm)
		}
	}
	if _, err := register.Publish(nil, nil, nil); code(err) != register.BundleForm {
		t.Errorf("published without root: %v", err)
	}
}
