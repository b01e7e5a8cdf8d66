package register_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/register"
)

// vector reads a vector block of a protocol document.
func vector(t testing.TB, page, name string) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/protocol/" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, body, found := strings.Cut(string(doc), "\n```vector "+name+"\n")
	body, _, ended := strings.Cut(body, "\n```\n")
	if !found || !ended {
		t.Fatalf("%s has no vector %q", page, name)
	}
	return body
}

// vectorParty makes the party of the document.
func vectorParty(t testing.TB) register.Entry {
	t.Helper()
	recipient := must[crypto.Recipient](t)(crypto.ParseRecipient(strings.ReplaceAll(vector(t, "10-crypto.md", "recipient"), "\n", "")))
	public := publicOf(seeded(1), seeded(2), seeded(3), seeded(7))
	return must[register.Entry](t)(register.EntryOf(
		crypto.Public{Host: public[0], Signing: public[1], Checkpoint: public[2], Witness: public[3], Sealing: recipient},
		"sluis.invalid/ledger/00000099000000001000",
		exchange.Party{OIN: "00000099000000001000", Name: "Gemeente Voorbeeld", Capacities: []exchange.Capacity{{
			Code: "municipality", Domain: "wmo", Task: "investigation", Regime: exchange.NoSecrecy, MayProcessBSN: true, Special: []exchange.Category{exchange.Health},
		}}},
		[]string{"/ip4/192.0.2.1/udp/4001/quic-v1", "/ip4/192.0.2.1/tcp/4001"}, register.Contact{Name: "Loket", Email: "loket@voorbeeld.invalid"}))
}

// vectorLaw is the purposes catalogue of the document.
const vectorLaw = `{"version":1,"purposes":[]}`

func TestVectors(t *testing.T) {
	a, b := seeded('a'), seeded('b')
	root := rootBy(t, 2, a, b)
	if got := string(root); got != vector(t, "20-register.md", "root") {
		t.Errorf("the root is written %s", got)
	}
	payload, _, err := crypto.PeekGeneral(root, 1<<16, "sluis-root+jws")
	if err != nil || string(payload) != vector(t, "20-register.md", "root-payload") {
		t.Errorf("the payload of the root is %s, %v", payload, err)
	}
	d := must[register.Draft](t)(register.NewDraft(root, noon, expires))
	d = must[register.Draft](t)(d.Add(vectorParty(t)))
	law := map[string][]byte{"purposes": []byte(vectorLaw)}
	d = must[register.Draft](t)(d.SetCatalogues(law))
	doc := must[[]byte](t)(d.Sign(a, b))
	payload, _, err = crypto.PeekGeneral(doc, 1<<16, "sluis-register+jws")
	if err != nil || string(payload) != vector(t, "20-register.md", "register-payload") {
		t.Errorf("the payload of the register is %s, %v", payload, err)
	}
	bundle := must[[]byte](t)(register.Publish([][]byte{root}, doc, law))
	if string(bundle) != vector(t, "20-register.md", "bundle") {
		t.Errorf("the bundle is written %s", bundle)
	}
	pin := must[register.Pin](t)(register.ParsePin([]byte(vector(t, "20-register.md", "root"))))
	if pin.Fingerprint() != vector(t, "20-register.md", "fingerprint") {
		t.Errorf("the fingerprint is %s", pin.Fingerprint())
	}
	reg := must[*register.Register](t)(register.Open(pin, []byte(vector(t, "20-register.md", "bundle")), nil, noon))
	p, ok := reg.Party("00000099000000001000")
	brought, _ := reg.Catalogue("purposes")
	if !ok || p.Name != "Gemeente Voorbeeld" || len(reg.Catalogues()) != 1 || string(brought) != vectorLaw || reg.Root().Threshold != 2 {
		t.Errorf("the register has %+v", p)
	}
}

func TestCodesAreExplained(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol/20-register.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range register.Codes {
		f := &register.Fault{Code: c}
		if len(f.Error()) < len(c)+20 || !errors.Is(fmt.Errorf("x: %w", f), &register.Fault{Code: c}) || errors.Is(f, &register.Fault{}) {
			t.Errorf("%s does not say what to do: %v", c, f)
		}
		if !bytes.Contains(doc, []byte("`"+c+"`")) {
			t.Errorf("the document does not name %s", c)
		}
	}
}

// Each byte of a bundle is signed for, or has one form. All bytes of one
// without parties, without and with a catalogue, and every fifth of one with a
// party.
func TestBundleMangled(t *testing.T) {
	root := draw(t, "1 a/1 by a")
	pin := must[register.Pin](t)(register.ParsePin(root[0]))
	empty := must[register.Draft](t)(register.NewDraft(root[0], noon, expires))
	law := map[string][]byte{"a": []byte(`{"version":1}`), "b": []byte(`{"version": 2, "text": "é\n"}`)}
	for _, c := range []struct {
		step int
		d    register.Draft
		law  map[string][]byte
	}{
		{1, empty, nil}, {5, must[register.Draft](t)(empty.Add(entry(t, 1))), nil}, {1, must[register.Draft](t)(empty.SetCatalogues(law)), law},
	} {
		step := c.step
		good := must[[]byte](t)(register.Publish(root, must[[]byte](t)(c.d.Sign(seeded('a'))), c.law))
		refused := func(what string, i int, bad []byte) {
			if _, err := register.Open(pin, bad, nil, noon); code(err) == "" && !bytes.Equal(bad, good) {
				t.Errorf("accepted with %s at %d", what, i)
			}
		}
		for i := 0; i < len(good); i += step {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << (i / step % 8)
			refused("a bit changed", i, bad)
			refused("a cut", i, good[:i])
			refused("a byte twice", i, append(bytes.Clone(good[:i+1]), good[i:]...))
			refused("a space", i, append(append(bytes.Clone(good[:i]), ' '), good[i:]...))
		}
		refused("a byte behind", len(good), append(bytes.Clone(good), '\n'))
	}
}

// Reopen trusts what was opened before in one point: it does not parse
// recipients. One that is none is then nobody to seal to.
func TestReopenLeavesRecipients(t *testing.T) {
	root := draw(t, "1 a/1 by a")
	pin := must[register.Pin](t)(register.ParsePin(root[0]))
	d := must[register.Draft](t)(register.NewDraft(root[0], noon, expires))
	e := entry(t, 1)
	d = must[register.Draft](t)(d.Add(e))
	bad := bundleOf(root, resign(t, must[[]byte](t)(d.Sign()), "a", e.Recipients[0], "age1pq1qqqq"))
	if _, err := register.Open(pin, bad, nil, noon); code(err) != register.BadRecipient {
		t.Errorf("open: %v", err)
	}
	if _, err := register.Publish(root, resign(t, must[[]byte](t)(d.Sign()), "a", e.Recipients[0], "age1pq1qqqq"), nil); code(err) != register.BadRecipient {
		t.Errorf("publish: %v", err)
	}
	if reg, err := register.Reopen(pin, bad); err != nil || len(reg.Recipients(oin(1))) != 0 {
		t.Errorf("reopen: %v", err)
	}
}

func TestBundleRefused(t *testing.T) {
	good := vector(t, "20-register.md", "bundle")
	before, behind := good[:strings.LastIndex(good, `,"catalogues":[`)], good[strings.LastIndex(good, `,"catalogues":[`):]
	pin := must[register.Pin](t)(register.ParsePin([]byte(vector(t, "20-register.md", "root"))))
	for name, c := range map[string][2]string{
		"nothing": {"", register.BundleForm}, "null": {"null", register.BundleForm}, "list": {"[]", register.BundleForm}, "empty": {"{}", register.BundleForm},
		"unknown member": {strings.Replace(good, "{", `{"x":1,`, 1), register.BundleForm}, "roots twice": {strings.Replace(good, "{", `{"roots":[],`, 1), register.BundleForm},
		"case": {strings.Replace(good, "roots", "Roots", 1), register.BundleForm}, "white space": {strings.Replace(good, ":", ": ", 1), register.BundleForm},
		"no register": {`{"roots":[{}],"register":}`, register.BundleForm}, "null register": {good[:strings.Index(good, `"register":`)] + `"register":null}`, register.BadSignature},
		"null root": {`{"roots":[null],"register":{}}`, register.RootForm}, "null catalogue": {before + `,"catalogues":[null]}`, register.BadCatalogue},
		"null catalogues": {before + `,"catalogues":null}`, register.BundleForm}, "no list of catalogues": {before + `,"catalogues":{}}`, register.BundleForm},
		"catalogues twice": {before + `,"catalogues":[]` + behind, register.BundleForm}, "catalogues in front": {`{` + behind[1:len(behind)-1] + `,` + before[1:] + `}`, register.BundleForm},
		"too large": {strings.Repeat(" ", register.MaxBundle+1), register.BundleTooLarge},
	} {
		if _, err := register.Open(pin, []byte(c[0]), nil, noon); code(err) != c[1] {
			t.Errorf("%s: %v, want %s", name, err, c[1])
		}
	}
	if _, err := register.Parse([]byte(good)); err != nil {
		t.Error(err)
	}
}

// Faults hold OINs, versions and dates, and nothing else of the input.
func TestFaultsTellNoNames(t *testing.T) {
	root := draw(t, "1 a/1 by a")
	d := must[register.Draft](t)(register.NewDraft(root[0], noon, expires))
	e := entry(t, 1)
	e.Name, e.Contact = "Bijzondere Naam\x00", register.Contact{Name: "Contactpersoon\x00"}
	_, err := d.Add(e)
	if err == nil || strings.Contains(err.Error(), "Naam") || !strings.Contains(err.Error(), string(e.OIN)) {
		t.Errorf("the fault says %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	good := vector(f, "20-register.md", "bundle")
	pin := must[register.Pin](f)(register.ParsePin([]byte(vector(f, "20-register.md", "root"))))
	f.Add([]byte(good))
	f.Add([]byte(`{"roots":[{"payload":"e30","signatures":[]}],"register":{"payload":"e30","signatures":[]}}`))
	f.Add([]byte(`{"roots":[{"payload":"e30","signatures":[]}],"register":{"payload":"e30","signatures":[]},"catalogues":[{"version":1}, {}]}`))
	f.Add([]byte(strings.Replace(good, `"purposes":[]}]}`, `"purposes":[{}]}]}`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := register.Parse(data); err == nil && !bytes.Equal(b.Bytes(), data) {
			t.Errorf("took apart %q, which is written %q", data, b.Bytes())
		}
		// Nobody else has the keys.
		if _, err := register.Open(pin, data, nil, noon); err == nil && string(data) != good {
			t.Errorf("accepted %q", data)
		}
	})
}

// What gets past the signatures is read by this.
func FuzzRegisterPayload(f *testing.F) {
	root := []byte(vector(f, "20-register.md", "root"))
	pin := must[register.Pin](f)(register.ParsePin(root))
	f.Add([]byte(vector(f, "20-register.md", "register-payload")))
	f.Add([]byte(`{"version":1,"issued":"2026-11-23T12:00:00Z","expires":"2027-11-23T12:00:00Z","root":1,"parties":[],"catalogues":[]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		doc := forge(string(payload), "sluis-register+jws", seeded('a'), seeded('b'))
		bundle := register.Bundle{Roots: [][]byte{root}, Register: doc}
		d, _, err := register.ParseDraft(doc)
		if err == nil {
			for range d.Catalogues() {
				bundle.Catalogues = append(bundle.Catalogues, []byte(vectorLaw))
			}
		}
		reg, err := register.Open(pin, bundle.Bytes(), nil, noon)
		if err != nil {
			return
		}
		for _, c := range reg.Catalogues() {
			if got, ok := reg.Catalogue(c.Name); !ok || string(got) != vectorLaw {
				t.Errorf("catalogue %s is %q", c.Name, got)
			}
		}
		again, _, err := crypto.PeekGeneral(must[[]byte](t)(d.Sign()), register.MaxBundle, "sluis-register+jws")
		if err != nil || !bytes.Equal(again, payload) {
			t.Errorf("accepted %q, which is written %q", payload, again)
		}
		for _, p := range reg.Parties() {
			if got, ok := reg.ByPeer(p.Peer); !ok || got.OIN != p.OIN || len(reg.Recipients(p.OIN)) == 0 {
				t.Errorf("party %s is not found by its peer ID, or has no recipient", p.OIN)
			}
		}
	})
}

func FuzzRoot(f *testing.F) {
	f.Add([]byte(vector(f, "20-register.md", "root-payload")))
	f.Fuzz(func(t *testing.T, payload []byte) {
		doc := forge(string(payload), "sluis-root+jws", seeded('a'))
		root, _, err := register.PeekRoot(doc)
		if err != nil {
			return
		}
		if again, err := json.Marshal(root); err != nil || !bytes.Equal(again, payload) {
			t.Errorf("accepted %q, which is written %q", payload, again)
		}
	})
}

func FuzzParseEntry(f *testing.F) {
	raw, err := json.Marshal(vectorParty(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := register.ParseEntry(data)
		if err != nil {
			return
		}
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := register.ParseEntry(raw); err != nil {
			t.Errorf("accepted %q and wrote %q, which it refuses: %v", data, raw, err)
		}
	})
}

// large makes a bundle of n parties.
func large(t testing.TB, n int) (register.Pin, []byte) {
	t.Helper()
	root := rootBy(t, 2, seeded('a'), seeded('b'))
	d := must[register.Draft](t)(register.NewDraft(root, noon, expires))
	var entries []register.Entry
	for i := range n {
		e := entry(t, i+1)
		e.Addresses = []string{"/dns4/sluis.gemeente-voorbeeld.invalid/udp/4001/quic-v1", "/dns4/sluis.gemeente-voorbeeld.invalid/tcp/4001"}
		entries = append(entries, e)
	}
	d = must[register.Draft](t)(d.Add(entries...))
	bundle := must[[]byte](t)(register.Publish([][]byte{root}, must[[]byte](t)(d.Sign(seeded('a'), seeded('b'))), nil))
	return must[register.Pin](t)(register.ParsePin(root)), bundle
}

func Benchmark5000Parties(b *testing.B) {
	pin, bundle := large(b, 5000)
	b.Run("Open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := register.Open(pin, bundle, nil, noon.Add(time.Hour)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(bundle)), "bundle-bytes")
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // the first leaves what stands in pools
	runtime.ReadMemStats(&before)
	reg := must[*register.Register](b)(register.Open(pin, bundle, nil, noon.Add(time.Hour)))
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := float64(after.HeapAlloc) - float64(before.HeapAlloc)
	b.Run("LookUp", func(b *testing.B) {
		all, i := reg.Parties(), 0
		for b.Loop() {
			p := all[i%len(all)]
			if _, ok := reg.Party(p.OIN); !ok {
				b.Fatal("a party is not found")
			}
			if _, ok := reg.ByPeer(p.Peer); !ok {
				b.Fatal("a party is not found by its peer ID")
			}
			i++
		}
		b.ReportMetric(held, "held-bytes")
	})
	root := must[register.Bundle](b)(register.Parse(bundle)).Roots
	next := must[register.Draft](b)(register.NextDraft(reg, root[0], noon, expires))
	next = must[register.Draft](b)(next.Remove(oin(2500)))
	updated := must[[]byte](b)(register.Publish(root, must[[]byte](b)(next.Sign(seeded('a'), seeded('b'))), nil))
	b.Run("Update", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := register.Open(pin, updated, reg, noon.Add(time.Hour)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Reopen", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := register.Reopen(pin, bundle); err != nil {
				b.Fatal(err)
			}
		}
	})
}
