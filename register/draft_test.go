package register_test

import (
	"bytes"
	"testing"
	"time"

	"sluis/register"
)

// publish signs a draft under one root with key a.
func publish(t testing.TB, roots [][]byte, d register.Draft) *register.Register {
	t.Helper()
	bundle := must[[]byte](t)(register.Publish(roots, must[[]byte](t)(d.Sign(keysNamed("a")...)), nil))
	return must[*register.Register](t)(register.Open(must[register.Pin](t)(register.ParsePin(roots[0])), bundle, nil, noon))
}

func TestKeysOfAPartyOverTime(t *testing.T) {
	roots := draw(t, "1 a/1 by a")
	at := func(days int) time.Time { return noon.AddDate(0, 0, days) }
	first, second := entry(t, 1), entry(t, 1)
	second.Keys = entry(t, 2).Keys
	oldKid, newKid := first.Keys[0].JWK.Kid, second.Keys[0].JWK.Kid

	d := must[register.Draft](t)(register.NewDraft(roots[0], noon, expires))
	v1 := publish(t, roots, must[register.Draft](t)(d.Add(first)))
	d = must[register.Draft](t)(register.NextDraft(v1, roots[0], at(10), expires))
	v2 := publish(t, roots, must[register.Draft](t)(d.Change(second)))
	d = must[register.Draft](t)(register.NextDraft(v2, roots[0], at(20), expires))
	v3 := publish(t, roots, must[register.Draft](t)(d.Revoke(first.OIN, newKid, at(15))))

	for _, c := range []struct {
		name    string
		reg     *register.Register
		kid     string
		valid   []int // days on which the key may sign
		revoked []int
	}{
		{"old key in version 1", v1, oldKid, []int{0, 5, 10, 15, 20, 1000}, nil},
		{"old key in version 2", v2, oldKid, []int{0, 5}, nil},
		{"new key in version 2", v2, newKid, []int{10, 15, 20, 1000}, nil},
		{"old key in version 3", v3, oldKid, []int{0, 5}, nil},
		{"new key in version 3", v3, newKid, []int{10}, []int{15, 20, 1000}},
	} {
		k, ok := c.reg.Key(c.kid)
		if !ok || k.OIN != first.OIN {
			t.Errorf("%s: not found", c.name)
			continue
		}
		for _, day := range []int{-1, 0, 5, 10, 15, 20, 1000} {
			want, revoked := false, false
			for _, v := range c.valid {
				want = want || v == day
			}
			for _, r := range c.revoked {
				revoked = revoked || r == day
			}
			if k.ValidAt(at(day)) != want {
				t.Errorf("%s: may sign on day %d: %v", c.name, day, !want)
			}
			if k.RevokedAt(at(day)) != revoked {
				t.Errorf("%s: revoked on day %d: %v", c.name, day, !revoked)
			}
		}
	}
	if _, ok := v1.Key(newKid); ok {
		t.Error("version 1 has the key of version 2")
	}
	if v3.Version() != 3 || !v3.Issued().Equal(at(20)) {
		t.Errorf("version %d issued %v", v3.Version(), v3.Issued())
	}
}

// Changing an address does not touch the dates of a key.
func TestChangeKeepsDates(t *testing.T) {
	roots := draw(t, "1 a/1 by a")
	d := must[register.Draft](t)(register.NewDraft(roots[0], noon, expires))
	v1 := publish(t, roots, must[register.Draft](t)(d.Add(entry(t, 1))))
	d = must[register.Draft](t)(register.NextDraft(v1, roots[0], noon.AddDate(0, 0, 10), expires))
	changed, _ := v1.Entry(oin(1))
	changed.Addresses = []string{"/ip4/192.0.2.7/tcp/4001"}
	changed.Keys[0].From = time.Time{} // as `sluis keys show` prints it
	v2 := publish(t, roots, must[register.Draft](t)(d.Change(changed)))
	k, _ := v2.Key(changed.Keys[0].JWK.Kid)
	if !k.From.Equal(noon) || !k.Until.IsZero() {
		t.Errorf("the key is valid from %v until %v", k.From, k.Until)
	}
	if p, _ := v2.Party(oin(1)); p.Addresses[0] != "/ip4/192.0.2.7/tcp/4001" {
		t.Errorf("addresses %v", p.Addresses)
	}
	if p, _ := v1.Party(oin(1)); p.Addresses[0] == "/ip4/192.0.2.7/tcp/4001" {
		t.Error("the register of version 1 has changed")
	}
}

// A party whose key was revoked sends an entry in which it is not.
func TestChangeDoesNotUndoRevocation(t *testing.T) {
	roots := draw(t, "1 a/1 by a")
	d := must[register.Draft](t)(register.NewDraft(roots[0], noon, expires))
	d = must[register.Draft](t)(d.Add(entry(t, 1)))
	kid := d.Entries()[0].Keys[0].JWK.Kid
	d = must[register.Draft](t)(d.Revoke(oin(1), kid, noon.AddDate(0, 0, 5)))
	for _, from := range []time.Time{{}, noon, noon.AddDate(-1, 0, 0), noon.AddDate(0, 0, 9)} {
		sent := entry(t, 1)
		sent.Keys[0].From = from
		k, ok := publish(t, roots, must[register.Draft](t)(d.Change(sent))).Key(kid)
		if !ok || !k.From.Equal(noon) || !k.RevokedAt(noon.AddDate(0, 0, 5)) {
			t.Errorf("sent with from %v: %+v", from, k)
		}
	}
}

func TestDraftIsAValue(t *testing.T) {
	roots := draw(t, "1 a/1 by a")
	d := must[register.Draft](t)(register.NewDraft(roots[0], noon, expires))
	d = must[register.Draft](t)(d.Add(entry(t, 1), entry(t, 2)))
	before := must[[]byte](t)(d.Sign())
	e := d.Entries()[0]
	e.Addresses[0], e.Capacities[0].Code, e.Keys[0].From = "x", "x", time.Time{}
	changed := d.Entries()[1]
	changed.Name = "Andere Naam"
	must[register.Draft](t)(d.Change(changed))
	must[register.Draft](t)(d.Remove(oin(1)))
	must[register.Draft](t)(d.Revoke(oin(1), d.Entries()[0].Keys[0].JWK.Kid, noon))
	must[register.Draft](t)(d.Add(entry(t, 3)))
	must[register.Draft](t)(d.SetCatalogues(map[string][]byte{"a": []byte(`{"version":1}`)}))
	if after := must[[]byte](t)(d.Sign()); !bytes.Equal(before, after) {
		t.Error("the draft was changed by its methods")
	}
	if got := must[register.Draft](t)(d.Remove(oin(1))).Entries(); len(got) != 1 || got[0].OIN != oin(2) {
		t.Errorf("after removing one: %d parties", len(got))
	}
}

func TestDraftTravels(t *testing.T) {
	roots := draw(t, "1 abc/2 by abc")
	d := must[register.Draft](t)(register.NewDraft(roots[0], noon, expires))
	d = must[register.Draft](t)(d.Add(entry(t, 1)))
	doc := must[[]byte](t)(d.Sign())
	if _, err := register.Publish(roots, doc, nil); code(err) != register.TooFewSignatures {
		t.Errorf("published an unsigned draft: %v", err)
	}
	for i, name := range []string{"a", "c"} {
		doc = must[[]byte](t)(register.SignRegister(doc, keysNamed(name)[0]))
		read, kids, err := register.ParseDraft(doc)
		if err != nil || len(kids) != i+1 || read.Version() != 1 || read.Root() != 1 || !read.Expires().Equal(expires) || !read.Issued().Equal(noon) {
			t.Errorf("after %d signatures: %v %v", i+1, kids, err)
		}
	}
	must[[]byte](t)(register.Publish(roots, doc, nil))
	if _, err := register.SignRegister(doc, seeded('a')); code(err) != register.BadSignature {
		t.Errorf("signed twice by one authority: %v", err)
	}
	if _, _, err := register.ParseDraft(roots[0]); code(err) != register.RegisterForm {
		t.Errorf("read a root as a draft: %v", err)
	}
}

func TestDraftRefuses(t *testing.T) {
	roots := draw(t, "1 a/1 by a")
	d := must[register.Draft](t)(register.NewDraft(roots[0], noon, expires))
	d = must[register.Draft](t)(d.Add(entry(t, 1)))
	for name, c := range map[string]struct {
		do   func() (register.Draft, error)
		want string
	}{
		"add twice":         {func() (register.Draft, error) { return d.Add(entry(t, 1)) }, register.PartyExists},
		"change unknown":    {func() (register.Draft, error) { return d.Change(entry(t, 2)) }, register.PartyMissing},
		"remove unknown":    {func() (register.Draft, error) { return d.Remove(oin(2)) }, register.PartyMissing},
		"revoke unknown":    {func() (register.Draft, error) { return d.Revoke(oin(2), "x", noon) }, register.PartyMissing},
		"revoke other key":  {func() (register.Draft, error) { return d.Revoke(oin(1), "x", noon) }, register.KeyMissing},
		"bad catalogue":     {func() (register.Draft, error) { return d.SetCatalogues(map[string][]byte{"a": []byte(`{}`)}) }, register.BadCatalogue},
		"change to bad":     {func() (register.Draft, error) { e := entry(t, 1); e.Name = ""; return d.Change(e) }, register.BadName},
		"expires in past":   {func() (register.Draft, error) { return register.NewDraft(roots[0], noon, noon) }, register.RegisterForm},
		"no root":           {func() (register.Draft, error) { return register.NewDraft(nil, noon, expires) }, register.RootForm},
		"next without root": {func() (register.Draft, error) { return register.NextDraft(nil, nil, noon, expires) }, register.RootForm},
	} {
		if _, err := c.do(); code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A rotation from end to end, as the authority does it and a node follows it.
func TestRotation(t *testing.T) {
	roots := draw(t, "1 ab/2 by ab")
	pin := must[register.Pin](t)(register.ParsePin(roots[0]))
	d := must[register.Draft](t)(register.NewDraft(roots[0], noon, expires))
	d = must[register.Draft](t)(d.Add(entry(t, 1)))
	bundle := must[[]byte](t)(register.Publish(roots, must[[]byte](t)(d.Sign(keysNamed("ab")...)), nil))
	v1 := must[*register.Register](t)(register.Open(pin, bundle, nil, noon))

	rotated := must[[]byte](t)(register.RotateRoot(roots[0], 2, publicOf(keysNamed("bc")...), noon.AddDate(0, 1, 0), noon.AddDate(1, 1, 0)))
	rotated = signRoot(t, rotated, keysNamed("abc")...)
	roots = append(roots, rotated)
	d = must[register.Draft](t)(register.NextDraft(v1, rotated, noon.AddDate(0, 1, 0), expires))
	if _, err := register.Publish(roots, must[[]byte](t)(d.Sign(keysNamed("ab")...)), nil); code(err) != register.TooFewSignatures {
		t.Errorf("published with a key that was rotated out: %v", err)
	}
	bundle = must[[]byte](t)(register.Publish(roots, must[[]byte](t)(d.Sign(keysNamed("bc")...)), nil))
	v2 := must[*register.Register](t)(register.Open(pin, bundle, v1, noon))
	if v2.Version() != 2 || v2.Root().Version != 2 || len(v2.Parties()) != 1 {
		t.Errorf("version %d under root %d", v2.Version(), v2.Root().Version)
	}
	if _, err := register.Open(pin, v1.Raw(), v2, noon); code(err) != register.RegisterRollback {
		t.Errorf("went back: %v", err)
	}
}
