package testnet

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const planted = "Zoë Planted van Voorbeeld"

// Every form is found wherever it starts, also across the border of two reads,
// and a byte less is not found.
func TestSearchFindsEveryForm(t *testing.T) {
	s, err := NewSearcher([]string{"999993847", planted})
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string][]byte{
		"plain":      []byte(planted),
		"JSON":       []byte(`Zo\u00eb Planted van Voorbeeld`),
		"UTF-16 LE":  []byte("Z\x00o\x00\xeb\x00 \x00P\x00l\x00a\x00n\x00t\x00e\x00d\x00 \x00v\x00a\x00n\x00 \x00V\x00o\x00o\x00r\x00b\x00e\x00e\x00l\x00d\x00"),
		"UTF-16 BE":  []byte("\x00Z\x00o\x00\xeb\x00 \x00P\x00l\x00a\x00n\x00t\x00e\x00d\x00 \x00v\x00a\x00n\x00 \x00V\x00o\x00o\x00r\x00b\x00e\x00e\x00l\x00d"),
		"hex":        []byte(hex.EncodeToString([]byte(planted))),
		"upper hex":  []byte(strings.ToUpper(hex.EncodeToString([]byte(planted)))),
		"URL query":  []byte("q=Zo%C3%AB+Planted+van+Voorbeeld"),
		"URL path":   []byte("/Zo%C3%AB%20Planted%20van%20Voorbeeld"),
		"base64 +0":  []byte(base64.StdEncoding.EncodeToString([]byte(planted))),
		"base64 +1":  []byte(base64.StdEncoding.EncodeToString([]byte("a" + planted + "bc"))),
		"base64 +2":  []byte(base64.StdEncoding.EncodeToString([]byte("ab" + planted + "c"))),
		"base64 url": []byte(base64.URLEncoding.EncodeToString([]byte(`{"name":"` + planted + `"}`))),
		"BSN base64": []byte(base64.RawURLEncoding.EncodeToString([]byte(`{"bsn":"999993847"}`))),
	} {
		for _, at := range []int{0, 1, 7, 4096, 1<<20 - 20, 1<<20 - 1, 1 << 20, 3<<20 - 5} {
			stream := append(append(make([]byte, at), form...), make([]byte, 100)...)
			found, err := s.read(bytes.NewReader(stream))
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 0 {
				t.Errorf("%s at %d: not found", name, at)
			}
		}
	}
	for _, innocent := range []string{"99999384", "999 993 847", "Planted van Voorbeeld", strings.ToLower(planted)} {
		if found := s.Search([]byte(innocent)); len(found) > 0 {
			t.Errorf("found %+v in %q", found, innocent)
		}
	}
}

func TestSearchRefusesShortNeedles(t *testing.T) {
	if _, err := NewSearcher([]string{"1234567"}); err == nil {
		t.Error("accepted a needle of seven bytes, which is found by chance")
	}
}

func TestSearchTracesReadsFilesAndNames(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "deep", "999993847"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "deep", "file"), []byte("x"+planted), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := SearchTraces(dir, []string{"999993847", planted})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || found[0].Needle != 0 || found[1].Needle != 1 || found[1].Offset != 1 {
		t.Errorf("found %+v, want the name of the folder and the text in the file", found)
	}
}
