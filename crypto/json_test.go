package crypto_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"sluis/crypto"
)

func TestStrictJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "", `[]`: "", `"x"`: "", `1`: "", `null`: "", " {\"a\" : [ 1 , {} ] }\n": "", `{"a":"{","b":"\"","c":"\\"}`: "",
		`{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}`: "", `{"":1}`: "", `{"a":"\ud83d\ude00"}`: "", `{"a":"x:y"}`: "", `["a","a"]`: "",
		`{"a":"a","b":"a"}`: "", `{"A":1,"a":1}`: "",

		``: crypto.TokenPayload, ` `: crypto.TokenPayload, `{`: crypto.TokenPayload, `{}}`: crypto.TokenPayload, `{"a":1,}`: crypto.TokenPayload,
		`{'a':1}`: crypto.TokenPayload, `nul`: crypto.TokenPayload, `01`: crypto.TokenPayload, `NaN`: crypto.TokenPayload, `{"a":1}x`: crypto.TokenPayload,
		`"x`: crypto.TokenPayload, `"\`: crypto.TokenPayload, "\"\t\"": crypto.TokenPayload, "\"\x80\"": crypto.TokenPayload, "\"\xed\xa0\x80\"": crypto.TokenPayload,
		`"\ud800"`: crypto.TokenPayload, `"\udc00"`: crypto.TokenPayload, `"\ud800\ud800"`: crypto.TokenPayload, `"\ud800x"`: crypto.TokenPayload,
		`"\ud800\n"`: crypto.TokenPayload, `{"\uD800":1}`: crypto.TokenPayload, `"\udC00\uD800"`: crypto.TokenPayload,

		`{"a":1,"a":1}`: crypto.TokenDuplicateMember, `{"a":1,"\u0061":1}`: crypto.TokenDuplicateMember, `[[{"x":{"b":1,"c":2,"b" : 3}}]]`: crypto.TokenDuplicateMember,
		`{"":1,"":1}`: crypto.TokenDuplicateMember, "{\"é\":1,\"\\u00e9\":1}": crypto.TokenDuplicateMember, `{"\ud83d\ude00":1,"😀":1}`: crypto.TokenDuplicateMember,

		deep(5): crypto.TokenTooDeep, `[[[[[`: crypto.TokenTooDeep, strings.Repeat(`{"a":`, 100000): crypto.TokenTooDeep, deep(4): "",
		`["[[[[[[[[["]`: "", `["\"[[[[[[[["]`: "", `["\\",[[[[]]]]]`: crypto.TokenTooDeep,
	} {
		got := ""
		if err := crypto.StrictJSON([]byte(text), 4); err != nil {
			got = code(err)
		}
		if got != want {
			t.Errorf("%.60s: %q, want %q", text, got, want)
		}
	}
}

// strict says the same as StrictJSON with the decoder of the standard library,
// slowly.
func strict(data []byte, maxDepth int) bool {
	if !utf8.Valid(data) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if !strictValue(d, maxDepth) {
		return false
	}
	_, err := d.Token()
	return err == io.EOF
}

func strictValue(d *json.Decoder, depth int) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return true
	}
	if depth == 0 {
		return false
	}
	names := map[string]bool{}
	for d.More() {
		if delim == '{' {
			name, err := d.Token()
			if err != nil || names[name.(string)] {
				return false
			}
			names[name.(string)] = true
		}
		if !strictValue(d, depth-1) {
			return false
		}
	}
	_, err = d.Token()
	return err == nil
}

func FuzzStrictJSON(f *testing.F) {
	for _, s := range []string{`{"a":1,"a":1}`, `{"a":[1,"x",{"b":null}]}`, `"\ud800"`, `{"\u0061":1,"a":2}`, `[[[[[[]]]]]]`, `{"a":"\\"}`, "\"\\"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, want := crypto.StrictJSON(data, 4) == nil, strict(data, 4) && json.Valid(data)
		if got && !want {
			t.Errorf("accepted %q", data)
		}
		// Half a surrogate pair becomes U+FFFD in Go.
		if want && !got && !bytes.Contains(bytes.ToLower(data), []byte(`\ud`)) {
			t.Errorf("refused %q", data)
		}
	})
}
