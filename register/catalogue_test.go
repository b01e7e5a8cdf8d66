package register_test

import (
	"bytes"
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
	for _, bad := range []string{``, `[]`, `{}`, `{"version":0}`, `{"version":-1}`, `{"version":1} x`, strings.Repeat("[", 20) + strings.Repeat("]", 20)} {
		if _, err := d.SetCatalogues(map[string][]byte{"purposes": []byte(bad)}); code(err) != register.BadCatalogue {
			t.Errorf("accepted %q: %v", bad, err)
		}
	}
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
