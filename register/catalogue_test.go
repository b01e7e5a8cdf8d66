package register_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluis/register"
)

// purposes is a catalogue as far as the register looks at it.
const purposes = `{"version": 3,
  "purposes": [ {"code": "a"} ]}`

// What the authorities signed comes along, byte for byte; anything else does
// not get in.
func TestCataloguesTravel(t *testing.T) {
	root, pin := pinned(t)
	contents := map[string][]byte{"purposes": []byte(purposes + "\n"), "items": []byte(`{"version":1}`)}
	d := must[register.Draft](t)(firstDraft(t, root).SetCatalogues(contents))
	signed := must[[]byte](t)(d.Sign(seeded('a')))
	bundle := must[[]byte](t)(register.Publish([][]byte{root}, signed, contents))
	reg := must[*register.Register](t)(register.Open(pin, bundle, nil, noon))
	if got, ok := reg.Catalogue("purposes"); !ok || string(got) != purposes {
		t.Errorf("the catalogue came as %q", got)
	}
	if c := reg.Catalogues(); len(c) != 2 || c[1].Version != 3 {
		t.Errorf("the register names %v", c)
	}
	if _, ok := reg.Catalogue("grounds"); ok {
		t.Error("a catalogue that nobody signed is there")
	}
	parts := must[register.Bundle](t)(register.Parse(bundle))
	if !bytes.Equal(parts.Bytes(), bundle) {
		t.Error("the bundle is written otherwise than it was read")
	}
	for what, change := range map[string]func(*register.Bundle){
		"another content":    func(b *register.Bundle) { b.Catalogues[1] = []byte(strings.Replace(purposes, `"a"`, `"b"`, 1)) },
		"more white space":   func(b *register.Bundle) { b.Catalogues[1] = []byte(strings.Replace(purposes, " ", "  ", 1)) },
		"one less":           func(b *register.Bundle) { b.Catalogues = b.Catalogues[:1] },
		"none":               func(b *register.Bundle) { b.Catalogues = nil },
		"one more":           func(b *register.Bundle) { b.Catalogues = append(b.Catalogues, []byte(`{"version":1}`)) },
		"in another order":   func(b *register.Bundle) { b.Catalogues[0], b.Catalogues[1] = b.Catalogues[1], b.Catalogues[0] },
		"something not JSON": func(b *register.Bundle) { b.Catalogues[1] = []byte(`{"version":3,"version":3}`) },
	} {
		p := must[register.Bundle](t)(register.Parse(bundle))
		change(&p)
		if _, err := register.Open(pin, p.Bytes(), nil, noon); code(err) != register.BadCatalogue {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A member that is there and empty is another form.
	if _, err := register.Parse(bytes.Replace(bundle, parts.Bytes()[bytes.Index(bundle, []byte(`,"catalogues":[`)):], []byte(`,"catalogues":[]}`), 1)); code(err) != register.BundleForm {
		t.Errorf("an empty list: %v", err)
	}
}

// The signatures hold, and still what they signed is not a list of catalogues.
func TestCatalogueListRefused(t *testing.T) {
	root, pin := pinned(t)
	contents := map[string][]byte{"purposes": []byte(purposes)}
	signed := must[[]byte](t)(must[register.Draft](t)(firstDraft(t, root).SetCatalogues(contents)).Sign())
	bundle := must[[]byte](t)(register.Publish([][]byte{root}, resign(t, signed, "a"), contents))
	digest := must[*register.Register](t)(register.Reopen(pin, bundle)).Catalogues()[0].SHA256
	for what, pair := range map[string][2]string{
		"another version":       {`"purposes","version":3`, `"purposes","version":4`},
		"version 0":             {`"purposes","version":3`, `"purposes","version":0`},
		"a way out":             {`"purposes"`, `"../purposes"`},
		"a dot":                 {`"purposes"`, `"pur.poses"`},
		"no name":               {`"purposes"`, `""`},
		"a digest of 63 digits": {digest, digest[1:]},
		"a digest in capitals":  {digest, strings.ToUpper(digest)},
		"another digest":        {digest, strings.Repeat("0", 64)},
	} {
		p := must[register.Bundle](t)(register.Parse(bundle))
		p.Register = resign(t, signed, "a", pair[0], pair[1])
		if _, err := register.Open(pin, p.Bytes(), nil, noon); code(err) != register.BadCatalogue {
			t.Errorf("open, %s: %v", what, err)
		}
		if _, err := register.Reopen(pin, p.Bytes()); code(err) != register.BadCatalogue {
			t.Errorf("reopen, %s: %v", what, err)
		}
	}
}

func TestCataloguesAreBounded(t *testing.T) {
	root, pin := pinned(t)
	of := func(n, size int) map[string][]byte {
		contents := map[string][]byte{}
		for i := range n {
			text := `{"version":1,"padding":""}`
			contents[fmt.Sprintf("c%02d", i)] = []byte(text[:len(text)-2] + strings.Repeat("x", size-len(text)) + text[len(text)-2:])
		}
		return contents
	}
	for what, c := range map[string]struct {
		contents map[string][]byte
		want     string
	}{
		"as many as can be":  {of(16, 64), ""},
		"one too many":       {of(17, 64), register.BadCatalogue},
		"as large as can be": {of(4, 1<<20), ""},
		"together too large": {of(4, 1<<20+1), register.BadCatalogue},
		"one too large":      {of(1, 4<<20+1), register.BadCatalogue},
	} {
		d, err := firstDraft(t, root).SetCatalogues(c.contents)
		if code(err) != c.want {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil {
			continue
		}
		bundle := must[[]byte](t)(register.Publish([][]byte{root}, must[[]byte](t)(d.Sign(seeded('a'))), c.contents))
		if _, err := register.Open(pin, bundle, nil, noon); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		b := must[register.Bundle](t)(register.Parse(bundle))
		b.Catalogues[0] = of(1, 4<<20+1)["c00"]
		if _, err := register.Open(pin, b.Bytes(), nil, noon); code(err) != register.BadCatalogue || !strings.Contains(err.Error(), "larger") {
			t.Errorf("%s, and then another content: %v", what, err)
		}
	}
	// More than any register may name is not even taken apart.
	b := register.Bundle{Roots: [][]byte{root}, Register: []byte("{}")}
	for range 17 {
		b.Catalogues = append(b.Catalogues, []byte("{}"))
	}
	if _, err := register.Parse(b.Bytes()); code(err) != register.BundleForm {
		t.Errorf("17 contents: %v", err)
	}
	b.Catalogues = b.Catalogues[:16]
	if _, err := register.Parse(b.Bytes()); err != nil {
		t.Errorf("16 contents: %v", err)
	}
}

// A register that only changes its parties keeps the law, and its contents come
// from the register before.
func TestNextDraftKeepsCatalogues(t *testing.T) {
	root, pin := pinned(t)
	contents := map[string][]byte{"purposes": []byte(purposes), "items": []byte(`{"version":1}`)}
	d := must[register.Draft](t)(firstDraft(t, root).SetCatalogues(contents))
	first := must[[]byte](t)(register.Publish([][]byte{root}, must[[]byte](t)(d.Sign(seeded('a'))), contents))
	last := must[*register.Register](t)(register.Reopen(pin, first))

	next := must[register.Draft](t)(register.NextDraft(last, root, noon, expires))
	signed := must[[]byte](t)(must[register.Draft](t)(next.Add(entry(t, 1))).Sign(seeded('a')))
	if _, err := register.Publish([][]byte{root}, signed, nil); code(err) != register.BadCatalogue {
		t.Errorf("published without the contents: %v", err)
	}
	kept := map[string][]byte{}
	for _, c := range last.Catalogues() {
		kept[c.Name], _ = last.Catalogue(c.Name)
	}
	second := must[[]byte](t)(register.Publish([][]byte{root}, signed, kept))
	reg := must[*register.Register](t)(register.Open(pin, second, last, noon))
	if got, ok := reg.Catalogue("purposes"); !ok || string(got) != purposes || !slices.Equal(reg.Catalogues(), last.Catalogues()) {
		t.Errorf("version 2 brings %v", reg.Catalogues())
	}
	// A law that is taken back is named no more, and comes no more.
	none := must[[]byte](t)(must[register.Draft](t)(next.SetCatalogues(nil)).Sign(seeded('a')))
	third := must[*register.Register](t)(register.Open(pin, must[[]byte](t)(register.Publish([][]byte{root}, none, nil)), last, noon))
	if _, ok := third.Catalogue("purposes"); ok || len(third.Catalogues()) != 0 || bytes.Contains(third.Raw(), []byte("catalogues\":[{")) {
		t.Error("the law was not taken back")
	}
}

func TestPublishWantsTheContents(t *testing.T) {
	root, _ := pinned(t)
	contents := map[string][]byte{"purposes": []byte(purposes)}
	signed := must[[]byte](t)(must[register.Draft](t)(firstDraft(t, root).SetCatalogues(contents)).Sign(seeded('a')))
	for what, given := range map[string]map[string][]byte{
		"nothing":         nil,
		"another name":    {"items": []byte(purposes)},
		"another content": {"purposes": []byte(`{"version":3}`)},
		"one more":        {"purposes": []byte(purposes), "items": []byte(`{"version":1}`)},
	} {
		if _, err := register.Publish([][]byte{root}, signed, given); code(err) != register.BadCatalogue {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A content that changed has a higher version: two laws never share one.
func TestCatalogueVersionsRise(t *testing.T) {
	root, _ := pinned(t)
	d := must[register.Draft](t)(firstDraft(t, root).SetCatalogues(map[string][]byte{"purposes": []byte(purposes)}))
	if _, err := d.SetCatalogues(map[string][]byte{"purposes": []byte(`{"version":3}`)}); code(err) != register.BadCatalogue {
		t.Errorf("changed under the same version: %v", err)
	}
	if _, err := d.SetCatalogues(map[string][]byte{"purposes": []byte(`{"version":4}`)}); err != nil {
		t.Error(err)
	}
	if _, err := d.SetCatalogues(map[string][]byte{"purposes": []byte(purposes)}); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if _, err := d.SetCatalogues(map[string][]byte{"purposes": []byte(`{"version":2}`)}); code(err) != register.BadCatalogue {
		t.Errorf("a lower version: %v", err)
	}
	for _, bad := range []string{
		``, `null`, `7`, `[]`, `{}`, `{"version":0}`, `{"version":-1}`, `{"version":4.5}`, `{"version":"4"}`, `{"version":null}`, `{"Version":4}`,
		`{"version":4,"version":5}`, `{"version":18446744073709551616}`, `{"version":4} x`, `{"version":4,"a":"\ud800"}`, "{\"version\":4,\"a\":\"\xff\"}",
		`{"version":4,"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`,
	} {
		if _, err := d.SetCatalogues(map[string][]byte{"purposes": []byte(bad)}); code(err) != register.BadCatalogue {
			t.Errorf("accepted %q: %v", bad, err)
		}
	}
}

func TestCatalogueNames(t *testing.T) {
	root, _ := pinned(t)
	for name, want := range map[string]string{
		"purposes": "", "case-laws-2": "", strings.Repeat("a", 64): "",
		"": register.BadCatalogue, "Purposes": register.BadCatalogue, "..": register.BadCatalogue, "../root-1": register.BadCatalogue, "a/b": register.BadCatalogue,
		"a.b": register.BadCatalogue, "a b": register.BadCatalogue, "a\x00": register.BadCatalogue, "wet-é": register.BadCatalogue, strings.Repeat("a", 65): register.BadCatalogue,
	} {
		_, err := firstDraft(t, root).SetCatalogues(map[string][]byte{name: []byte(`{"version":1}`)})
		if code(err) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What goes into a draft comes out of the bundle with the same bytes, but for
// white space around it.
func FuzzCatalogue(f *testing.F) {
	root, pin := pinned(f)
	draft := firstDraft(f, root)
	for _, seed := range []string{purposes, `{"version":1}`, "\ufeff{\"version\":1}", "\u00a0{\"version\":1}\v", `{"Version":1}`, `{"version":1e0}`, `{"version":1},{"version":2}`} {
		f.Add("purposes", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		contents := map[string][]byte{name: content}
		d, err := draft.SetCatalogues(contents)
		if err != nil {
			if code(err) != register.BadCatalogue {
				t.Errorf("refused with %v", err)
			}
			return
		}
		bundle := must[[]byte](t)(register.Publish([][]byte{root}, must[[]byte](t)(d.Sign(seeded('a'))), contents))
		reg := must[*register.Register](t)(register.Open(pin, bundle, nil, noon))
		if got, ok := reg.Catalogue(name); !ok || !bytes.Equal(got, bytes.TrimSpace(content)) || reg.Catalogues()[0].Version == 0 {
			t.Errorf("put in %q as %q, got %q", content, name, got)
		}
	})
}

func pinned(t testing.TB) ([]byte, register.Pin) {
	t.Helper()
	root := rootBy(t, 1, seeded('a'))
	return root, must[register.Pin](t)(register.ParsePin(root))
}

func firstDraft(t testing.TB, root []byte) register.Draft {
	t.Helper()
	return must[register.Draft](t)(register.NewDraft(root, noon, noon.AddDate(1, 0, 0)))
}
