package ledger_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sluis/ledger"
)

// fullHeader has something to say in every field.
func fullHeader() ledger.Header {
	return ledger.Header{
		Index:    41,
		Time:     time.Date(2026, 11, 23, 15, 47, 50, 120e6, time.UTC),
		Kind:     "decision",
		Exchange: "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857",
		Party:    "00000099000000001000:municipality",
		As:       "00000099000000002000:youth-care",
		Purpose:  "investigation",
		Message:  ledger.DigestOf([]byte("message")),
		Key:      "01938f2e-7c1a-7b3e-9d5a-0c1b2a394857",
	}
}

func marshal(t testing.TB, e ledger.Entry) []byte {
	t.Helper()
	data, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A header of an entry that was changed in any bit, cut anywhere or has a byte
// twice is not accepted as another header: either it is refused, or it is a
// header of its own that is written in the changed form.
func TestEntryMangled(t *testing.T) {
	good := marshal(t, ledger.Seal(fullHeader(), []byte("ciphertext")))
	want := ledger.LeafHash(good)
	try := func(bad []byte, how string, at int) {
		e, err := ledger.ParseEntry(bad)
		if err != nil {
			return
		}
		if again := marshal(t, e); !bytes.Equal(again, bad) {
			t.Errorf("%s at %d: accepted %q, which is written %q", how, at, bad, again)
		}
		if ledger.LeafHash(bad) == want {
			t.Errorf("%s at %d: has the same leaf hash", how, at)
		}
	}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			try(bad, "bit flipped", i)
		}
		try(good[:i], "cut", i)
		try(append(bytes.Clone(good[:i+1]), good[i:]...), "byte twice", i)
	}
	body := len(good) - len("ciphertext")
	for i := body; i < len(good); i++ {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := ledger.ParseEntry(bad); err == nil {
				t.Errorf("accepted a private part with bit %d of byte %d flipped", bit, i-body)
			}
		}
	}
}

func TestHeaderRefused(t *testing.T) {
	amsterdam := time.FixedZone("", 3600)
	for name, change := range map[string]func(*ledger.Header){
		"index too high":       func(h *ledger.Header) { h.Index = ledger.MaxSize },
		"time not in UTC":      func(h *ledger.Header) { h.Time = h.Time.In(amsterdam) },
		"time too precise":     func(h *ledger.Header) { h.Time = h.Time.Add(time.Microsecond) },
		"time zero":            func(h *ledger.Header) { h.Time = time.Time{} },
		"time far away":        func(h *ledger.Header) { h.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"kind empty":           func(h *ledger.Header) { h.Kind = "" },
		"kind none":            func(h *ledger.Header) { h.Kind = ledger.None },
		"kind upper case":      func(h *ledger.Header) { h.Kind = "Decision" },
		"kind with newline":    func(h *ledger.Header) { h.Kind = "a\nkey b" },
		"kind a test BSN":      func(h *ledger.Header) { h.Kind = "999993847" },
		"kind too long":        func(h *ledger.Header) { h.Kind = strings.Repeat("a", 65) },
		"exchange empty":       func(h *ledger.Header) { h.Exchange = "" },
		"exchange a code":      func(h *ledger.Header) { h.Exchange = "exchange" },
		"exchange upper case":  func(h *ledger.Header) { h.Exchange = strings.ToUpper(h.Exchange) },
		"exchange with braces": func(h *ledger.Header) { h.Exchange = "{" + h.Exchange + "}" },
		"exchange no hyphens":  func(h *ledger.Header) { h.Exchange = strings.ReplaceAll(h.Exchange, "-", "0") },
		"party empty":          func(h *ledger.Header) { h.Party = "" },
		"party short":          func(h *ledger.Header) { h.Party = h.Party[1:] },
		"party no capacity":    func(h *ledger.Header) { h.Party = h.Party[:20] },
		"party letters":        func(h *ledger.Header) { h.Party = "x" + h.Party[1:] },
		"as with space":        func(h *ledger.Header) { h.As += " " },
		"purpose with space":   func(h *ledger.Header) { h.Purpose = "a purpose" },
		"purpose a test BSN":   func(h *ledger.Header) { h.Purpose = "999990482" },
		"key a test BSN":       func(h *ledger.Header) { h.Key = "999993653" },
		"key empty":            func(h *ledger.Header) { h.Key = "" },
		"key none":             func(h *ledger.Header) { h.Key = ledger.None },
	} {
		h := fullHeader()
		change(&h)
		if data, err := ledger.Seal(h, []byte("ciphertext")).Marshal(); err == nil {
			t.Errorf("%s: written as %q", name, data)
		}
	}
	h := fullHeader()
	h.Private = ledger.DigestOf([]byte("another"))
	if _, err := (ledger.Entry{Header: h, Private: []byte("ciphertext")}).Marshal(); err == nil {
		t.Error("digest of another private part: written")
	}
}

// What the private part is bound to: every line but three, in one form.
func TestHeaderBound(t *testing.T) {
	e := ledger.Seal(fullHeader(), nil)
	text, err := e.Header.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	var want string
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, " ")
		if name != "index" && name != "time" && name != "private" && line != "\n" {
			want += line
		}
	}
	if got := string(e.Bound()); got != want {
		t.Errorf("bound to %q, want %q", got, want)
	}
}

func TestEntrySize(t *testing.T) {
	h := fullHeader()
	h.Kind, h.Purpose, h.Key = strings.Repeat("k", ledger.MaxCode), strings.Repeat("p", ledger.MaxCode), strings.Repeat("k", ledger.MaxCode)
	h.Party = h.Party[:21] + strings.Repeat("c", ledger.MaxCode)
	h.As = h.Party
	h.Index = ledger.MaxSize - 1
	private := make([]byte, ledger.MaxPrivate)
	largest := marshal(t, ledger.Seal(h, private))
	if _, err := ledger.ParseEntry(largest); err != nil {
		t.Errorf("the longest header with the longest private part: %v", err)
	}
	if header := len(largest) - len(private); header > ledger.MaxHeader {
		t.Errorf("the longest header has %d bytes, more than MaxHeader", header)
	}
	fill := make([]byte, ledger.MaxEntry-(len(largest)-len(private)))
	if full := marshal(t, ledger.Seal(h, fill)); len(full) != ledger.MaxEntry {
		t.Errorf("filled to %d bytes", len(full))
	}
	if _, err := ledger.Seal(h, append(fill, 0)).Marshal(); err == nil {
		t.Error("one byte too many was accepted")
	}
}

func TestDigestHasOneForm(t *testing.T) {
	d := ledger.DigestOf([]byte("digest"))
	for _, bad := range []string{
		"", "--", strings.TrimRight(d.String(), "="), d.String() + "=", d.String() + "\n", "\n" + d.String()[1:],
		strings.Repeat("A", 43) + "=", // zeroes are written "-"
		d.String()[:42] + "9=",        // unused bits set
		d.String()[:43] + "A",         // 33 bytes
		strings.ReplaceAll(strings.ReplaceAll(d.String(), "+", "-"), "/", "_") + "-",
	} {
		if got, err := ledger.ParseDigest(bad); err == nil {
			t.Errorf("accepted %q as %v", bad, got)
		}
	}
	for _, want := range []ledger.Digest{{}, d} {
		var got ledger.Digest
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
}

func FuzzHeaderHasOneForm(f *testing.F) {
	for i := range 3 {
		f.Add([]byte(vector(f, "header-"+string(rune('0'+i)))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ledger.ParseHeader(data)
		if err != nil {
			return
		}
		again, err := h.Append(nil)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("accepted %q, which is written %q, %v", data, again, err)
		}
	})
}

func FuzzEntryHasOneForm(f *testing.F) {
	for _, e := range vectorEntries(f) {
		f.Add(e)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ledger.ParseEntry(data)
		if err != nil {
			return
		}
		again, err := e.Marshal()
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("accepted %q, which is written %q, %v", data, again, err)
		}
	})
}

func BenchmarkParseEntry(b *testing.B) {
	data := marshal(b, ledger.Seal(fullHeader(), make([]byte, 600)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.ParseEntry(data); err != nil {
			b.Fatal(err)
		}
	}
}

// Times that the package time would accept, or that are no time, are refused.
func TestHeaderTimeHasOneForm(t *testing.T) {
	good := string(marshal(t, ledger.Seal(fullHeader(), nil)))
	const written = "time 2026-11-23T15:47:50.120Z"
	for _, bad := range []string{
		"2026-11-23T15:47:50,120Z", "2026-11-23T15:47:50.12Z", "2026-11-23T15:47:50.1200Z", "2026-11-23T15:47:50Z",
		"2026-11-23T15:47:50.120+00:00", "2026-11-23 15:47:50.120Z", "2026-11-23t15:47:50.120z", "2026-02-29T15:47:50.120Z",
		"2026-11-31T15:47:50.120Z", "2026-13-23T15:47:50.120Z", "2026-00-23T15:47:50.120Z", "2026-11-00T15:47:50.120Z",
		"2026-11-23T24:00:00.000Z", "2026-11-23T23:60:00.000Z", "2026-11-23T23:59:60.000Z", "1999-11-23T15:47:50.120Z",
		"+026-11-23T15:47:50.120Z", "2026-11-23T15:47:50.-20Z", "",
	} {
		if e, err := ledger.ParseEntry([]byte(strings.Replace(good, written, "time "+bad, 1))); err == nil {
			t.Errorf("accepted %q as %v", bad, e.Time)
		}
	}
	leap := strings.Replace(good, written, "time 2028-02-29T23:59:59.999Z", 1)
	if e, err := ledger.ParseEntry([]byte(leap)); err != nil || !e.Time.Equal(time.Date(2028, 2, 29, 23, 59, 59, 999e6, time.UTC)) {
		t.Errorf("a leap day is read as %v, %v", e.Time, err)
	}
}
