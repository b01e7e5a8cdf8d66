package crypto_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sluis/crypto"
)

// The disclosures of RFC 9901 with their digests.
var rfc9901 = []struct{ encoded, digest, name, value string }{
	// section 4.2.3
	{"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0", "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0", "family_name", `"Möbius"`},
	// section 5.1
	{"WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd", "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4", "given_name", `"John"`},
	{"WyJlbHVWNU9nM2dTTklJOEVZbnN4QV9BIiwgImZhbWlseV9uYW1lIiwgIkRvZSJd", "TGf4oLbgwd5JQaHyKVQZU9UdGE0w5rtDsrZzfUaomLo", "family_name", `"Doe"`},
}

func TestRFC9901(t *testing.T) {
	for _, v := range rfc9901 {
		d, err := crypto.ParseDisclosure(v.encoded, 200)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if d.Name != v.name || string(d.Value) != v.value || d.Encoded() != v.encoded || d.Digest() != v.digest {
			t.Errorf("got %s %s %s, want %s %s %s", d.Name, d.Value, d.Digest(), v.name, v.value, v.digest)
		}
	}
	// Section 4.2.1 shows other ways to write the first; each has its own digest.
	for _, encoded := range []string{
		"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsImZhbWlseV9uYW1lIiwiTcO2Yml1cyJd",
		"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNXHUwMGY2Yml1cyJd",
	} {
		d, err := crypto.ParseDisclosure(encoded, 200)
		var value string
		if err != nil || json.Unmarshal(d.Value, &value) != nil || value != "Möbius" || d.Digest() == rfc9901[0].digest {
			t.Errorf("%s: %q, %v", encoded, value, err)
		}
	}
}

func TestDisclose(t *testing.T) {
	values := []string{`"x"`, `null`, `{"a":[1.50,"é<&>"]}`, `[]`}
	for _, value := range values {
		a, err := crypto.Disclose("item/one", []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		b, err := crypto.Disclose("item/one", []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		if a.Digest() == b.Digest() {
			t.Error("two disclosures of one value have one digest")
		}
		again, err := crypto.ParseDisclosure(a.Encoded(), crypto.MaxDisclosure)
		if err != nil || again.Digest() != a.Digest() || again.Name != "item/one" {
			t.Errorf("%s: %v", value, err)
		}
		var got, want any
		if json.Unmarshal(again.Value, &got) != nil || json.Unmarshal([]byte(value), &want) != nil {
			t.Fatal("not JSON")
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("disclosed %s and got %s", value, again.Value)
		}
	}
	for name, value := range map[string]string{"": `1`, "_sd": `1`, "...": `1`, "a": `{`, "b": `{"x":1,"x":2}`, "c": deep(16), "d": ``} {
		if _, err := crypto.Disclose(name, []byte(value)); err == nil {
			t.Errorf("disclosed %q as %.20q", value, name)
		}
	}
}

func TestDisclosureRefused(t *testing.T) {
	salt := `"2GLC42sKQveCfGfryNRN9w"`
	for text, want := range map[string]string{
		`[` + salt + `,"a"]`: crypto.DisclosureMalformed, `[` + salt + `,"a",1,2]`: crypto.DisclosureMalformed, `[]`: crypto.DisclosureMalformed,
		`{"a":1}`: crypto.DisclosureMalformed, `null`: crypto.DisclosureMalformed, `"x"`: crypto.DisclosureMalformed, ``: crypto.DisclosureMalformed,
		`["2GLC42sKQveCfGfryNRN9","a",1]`: crypto.DisclosureMalformed, `[null,"a",1]`: crypto.DisclosureMalformed, `[1,"a",1]`: crypto.DisclosureMalformed,
		`[` + salt + `,null,1]`: crypto.DisclosureMalformed, `[` + salt + `,1,1]`: crypto.DisclosureMalformed, `[` + salt + `,"",1]`: crypto.DisclosureMalformed,
		`[` + salt + `,"_sd",1]`: crypto.DisclosureMalformed, `[` + salt + `,"...",1]`: crypto.DisclosureMalformed,
		`[` + salt + `,"a",1]x`: crypto.DisclosureMalformed, `[` + salt + `,"a",]`: crypto.DisclosureMalformed, "[" + salt + ",\"\xff\",1]": crypto.DisclosureMalformed,
		`[` + salt + `,"a",{"b":1,"b":2}]`: crypto.TokenDuplicateMember, `[` + salt + `,"a",` + deep(16) + `]`: crypto.TokenTooDeep,
	} {
		if _, err := crypto.ParseDisclosure(b64([]byte(text)), 1000); code(err) != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	good := rfc9901[0].encoded
	for _, bad := range []string{good + "=", good + "\n", "\n" + good, good[:10] + "\r\n" + good[10:], good + "A", flipLast(t, rfc9901[0].encoded), strings.Replace(good, "y", "+", 1)} {
		if _, err := crypto.ParseDisclosure(bad, 1000); code(err) != crypto.DisclosureMalformed {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := crypto.ParseDisclosure(good, len(good)-1); code(err) != crypto.TokenTooLarge {
		t.Errorf("too large: %v", err)
	}
}

func TestMatchDisclosures(t *testing.T) {
	var encoded, digests []string
	for _, name := range []string{"a", "b", "c"} {
		d, err := crypto.Disclose(name, []byte(`1`))
		if err != nil {
			t.Fatal(err)
		}
		encoded, digests = append(encoded, d.Encoded()), append(digests, d.Digest())
	}
	other, err := crypto.Disclose("a", []byte(`2`))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(digests)
	// Every subset, in its order.
	for set := range 8 {
		var shown []string
		for i, e := range encoded {
			if set>>i&1 == 1 {
				shown = append(shown, e)
			}
		}
		got, err := crypto.MatchDisclosures(digests, shown)
		if err != nil || len(got) != len(shown) {
			t.Errorf("set %03b: %v", set, err)
			continue
		}
		for i := range got {
			if got[i].Encoded() != shown[i] {
				t.Errorf("set %03b: in another order", set)
			}
		}
	}
	for _, h := range []struct {
		name             string
		digests, encoded []string
		want             string
	}{
		{"not signed", digests, []string{other.Encoded()}, crypto.DisclosureUnmatched},
		{"no digests", nil, encoded[:1], crypto.DisclosureUnmatched},
		{"disclosure twice", digests, []string{encoded[0], encoded[0]}, crypto.DisclosureTwice},
		{"digest twice", append(slices.Clone(digests), digests[1]), nil, crypto.DisclosureTwice},
		{"name twice", append(slices.Clone(digests), other.Digest()), []string{encoded[0], other.Encoded()}, crypto.DisclosureTwice},
		{"malformed", digests, []string{encoded[0], "x"}, crypto.DisclosureMalformed},
		{"empty", digests, []string{""}, crypto.DisclosureMalformed},
	} {
		if got, err := crypto.MatchDisclosures(h.digests, h.encoded); code(err) != h.want || got != nil {
			t.Errorf("%s: %v, want %s", h.name, err, h.want)
		}
	}
}

// Each bit of a disclosure is signed for.
func TestDisclosureMangled(t *testing.T) {
	d, err := crypto.Disclose("a", []byte(`"value"`))
	if err != nil {
		t.Fatal(err)
	}
	good := d.Encoded()
	for i := range good {
		for bit := range 8 {
			bad := []byte(good)
			bad[i] ^= 1 << bit
			if _, err := crypto.MatchDisclosures([]string{d.Digest()}, []string{string(bad)}); err == nil {
				t.Errorf("accepted with bit %d of byte %d changed", bit, i)
			}
		}
		if _, err := crypto.MatchDisclosures([]string{d.Digest()}, []string{good[:i]}); err == nil {
			t.Errorf("accepted when cut after %d", i)
		}
	}
}

func FuzzParseDisclosure(f *testing.F) {
	for _, v := range rfc9901 {
		f.Add(v.encoded)
	}
	f.Add(b64([]byte(`["2GLC42sKQveCfGfryNRN9w","a",{"b":[1]}]`)))
	f.Fuzz(func(t *testing.T, s string) {
		for _, encoded := range []string{s, b64([]byte(s))} {
			d, err := crypto.ParseDisclosure(encoded, 1000)
			if err != nil {
				continue
			}
			if d.Encoded() != encoded || d.Name == "" || !json.Valid(d.Value) {
				t.Errorf("accepted %q as %+v", encoded, d)
			}
			if got, err := crypto.MatchDisclosures([]string{d.Digest()}, []string{encoded}); err != nil || got[0].Name != d.Name {
				t.Errorf("%q does not match its own digest: %v", encoded, err)
			}
		}
	})
}
