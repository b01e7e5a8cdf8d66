package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
)

// passing is what the college passes on of the officer's answer: its first item
// only, with a permission of the officer.
func (p *pair) passing(t testing.TB) (token []byte, source wire.Signed, permission wire.Signed) {
	t.Helper()
	source = p.signAnswer(t)
	kept, err := wire.ReadKept(source.Token)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := kept.Shown()
	if err != nil {
		t.Fatal(err)
	}
	item := answer().Items[0].Item
	e := envelope(officer, college)
	e.Follows = wire.Digest{9}
	permission, err = wire.SignPermission(e, wire.PermissionBody{
		Request: "0193a0b0-0000-7000-8000-0000000000cc", Granted: true, Recipient: officer, Purpose: "coordination", Items: []exchange.ItemCode{item},
		Until: noon.AddDate(0, 1, 0), Uses: 1,
	}, p.keys[officer].Signing)
	if err != nil {
		t.Fatal(err)
	}
	s, err := wire.SignPassing(envelope(college, officer), wire.PassingBody{
		Purpose: "coordination", Told: noon, Subject: request(t).Subject, Why: exchange.Hide("om af te stemmen"),
		Conditions:  []exchange.Condition{{Code: exchange.NoOnward}},
		Chain:       wire.Chain{Answer: source.Digest, Permissions: []wire.Digest{permission.Digest}},
		Disclosures: []string{shown[item]},
	}, [][]byte{wire.WithoutDisclosures(source.Token), permission.Token}, p.keys[college].Signing)
	if err != nil {
		t.Fatal(err)
	}
	return s.Token, source, permission
}

func (p *pair) read(token []byte) (wire.Message, error) {
	return wire.Read(token, []exchange.PartyID{officer, college}, p.reg, noon.Add(time.Minute))
}

func TestPassingThereAndBack(t *testing.T) {
	p := newPair(t)
	token, source, permission := p.passing(t)
	m, err := p.read(token)
	if err != nil {
		t.Fatal(err)
	}
	want := answer().Items[0]
	got := m.Passing
	if len(got.Values) != 1 || got.Values[0].Item != want.Item || !got.Values[0].Value.Equal(want.Value) || got.Values[0].Depth != want.Depth {
		t.Errorf("values %+v", got.Values)
	}
	if !got.Subject.BSN.Equal(request(t).Subject.BSN) || got.Why.Reveal() != "om af te stemmen" || !got.Told.Equal(noon) || len(got.Conditions) != 1 {
		t.Errorf("passing %+v", got)
	}
	if len(m.Attached) != 2 || m.Attached[0].Digest != source.Digest || m.Attached[1].Digest != permission.Digest || m.Attached[1].Permission.Uses != 1 {
		t.Errorf("attached %+v", m.Attached)
	}
	// Whoever comes after the recipient learns neither the person nor the reason,
	// nor what else was answered.
	part := wire.WithoutDisclosures(token)
	if bytes.ContainsAny(part, "~\n") || m.Digest != wire.DigestOf(token) {
		t.Error("the part that goes on is not the signed part alone")
	}
}

// What is attached can't be left out, added, exchanged or put in another order.
func TestPassingMangled(t *testing.T) {
	p := newPair(t)
	token, source, permission := p.passing(t)
	lines := bytes.Split(token, []byte("\n"))
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, []byte("\n")) }
	other := p.signAnswer(t)
	disclosures := bytes.Split(bytes.TrimSuffix(lines[0], []byte("~")), []byte("~"))
	var without [][]byte
	for i := range disclosures[1:] {
		less := slices.Delete(slices.Clone(disclosures), i+1, i+2)
		without = append(without, join(append(bytes.Join(less, []byte("~")), '~'), lines[1], lines[2]))
	}
	mangled := append(without,
		lines[0], join(lines[0], lines[1]), join(lines[0], lines[2]), join(lines[0], lines[2], lines[1]), join(lines[0], lines[1], lines[2], lines[2]),
		join(lines[0], wire.WithoutDisclosures(other.Token), lines[2]), join(lines[0], source.Token, lines[2]), join(token, nil), join(lines[0], lines[1], lines[1]),
		join(disclosures[0], lines[1], permission.Token),
	)
	for n, bad := range mangled {
		if _, err := p.read(bad); err == nil {
			t.Errorf("%d: accepted", n)
		}
	}
	for i := 0; i < len(token); i += 7 {
		bad := bytes.Clone(token)
		bad[i] ^= 1
		if _, err := p.read(bad); err == nil {
			t.Errorf("accepted with byte %d changed", i)
		}
	}
}

// Taking a value out of a message leaves the rest verifiable.
func TestWithout(t *testing.T) {
	p := newPair(t)
	source := p.signAnswer(t)
	items := answer().Items
	less, err := wire.Without(source.Token, []exchange.ItemCode{items[0].Item})
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.ReadKept(less)
	if err != nil || m.Digest != source.Digest {
		t.Fatalf("%v, %s", err, m.Digest)
	}
	shown, err := m.Shown()
	if _, ok := shown[items[0].Item]; err != nil || ok || len(shown) != len(items)-1 {
		t.Errorf("%v, still shown: %d", err, len(shown))
	}
	if all, err := wire.Without(source.Token, []exchange.ItemCode{items[0].Item, items[1].Item}); err != nil || bytes.IndexByte(all, '~') >= 0 && len(items) == 2 {
		t.Errorf("%v", err)
	}
}

// The other messages come back as they were written.
func TestOnwardThereAndBack(t *testing.T) {
	p := newPair(t)
	token, _, permission := p.passing(t)
	e := envelope(college, officer)
	asked, err := wire.SignPermissionRequest(e, wire.PermissionBody{
		Recipient: officer, Purpose: "coordination", Items: []exchange.ItemCode{"offence"}, Why: exchange.Hide("om af te stemmen"),
		Links: []wire.Digest{wire.DigestOf(token)},
	}, [][]byte{wire.WithoutDisclosures(token)}, p.keys[college].Signing)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := p.read(asked.Token); err != nil || m.Permission.Request != exchange.ID(e.ID) || m.Permission.Why.Reveal() != "om af te stemmen" ||
		len(m.Attached) != 1 || m.Attached[0].Passing.Purpose != "coordination" || !m.Attached[0].Passing.Subject.BSN.Zero() {
		t.Errorf("request for permission: %v, %+v", err, m.Permission)
	}
	if m, err := p.read(permission.Token); err != nil || !m.Permission.Granted || m.Permission.Recipient != officer || !m.Permission.Until.Equal(noon.AddDate(0, 1, 0)) {
		t.Errorf("permission: %v, %+v", err, m.Permission)
	}
	e = envelope(officer, college)
	e.Follows = asked.Digest
	if _, err := wire.SignPermission(e, wire.PermissionBody{
		Request: "0193a0b0-0000-7000-8000-0000000000cc", Granted: true, Recipient: officer, Purpose: "coordination", Items: []exchange.ItemCode{"offence"},
		Until: noon, Uses: 1, Tell: exchange.Hide("words"),
	}, p.keys[officer].Signing); !errors.Is(err, &wire.Fault{Code: wire.MessageSchema}) {
		t.Errorf("a permission with words: %v", err)
	}
	notice, err := wire.SignNotice(envelope(college, officer), token, nil, p.keys[college].Signing)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := p.read(notice.Token); err != nil || len(m.Attached) != 1 || m.Attached[0].Digest != wire.DigestOf(token) || len(m.Attached[0].Passing.Values) != 0 {
		t.Errorf("notice: %v", err)
	}
	right := exchange.Correction{Kind: exchange.Rectification, Items: []exchange.CorrectedItem{{Item: "offence", Depth: exchange.That, Value: exchange.Hide("none")}}}
	corrected, err := wire.SignCorrection(envelope(officer, college), right, "", p.keys[officer].Signing)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := p.read(corrected.Token); err != nil || len(m.Correction.Items) != 1 || m.Correction.Items[0].Value.Reveal() != "none" || m.Under != "" {
		t.Errorf("rectification: %v, %+v", err, m.Correction)
	}
	erased, err := wire.SignCorrection(envelope(officer, college), exchange.Correction{Kind: exchange.Erasure, Items: []exchange.CorrectedItem{{Item: "offence"}}},
		"0193a0b0-0000-7000-8000-0000000000cc", p.keys[officer].Signing)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := p.read(erased.Token); err != nil || m.Under != "0193a0b0-0000-7000-8000-0000000000cc" || m.Correction.Items[0].Item != "offence" {
		t.Errorf("erasure: %v, %+v", err, m.Correction)
	}
	// No kind but these may have disclosures or attachments.
	for _, bad := range [][]byte{append(bytes.Clone(permission.Token), "~x~"...), append(append(bytes.Clone(erased.Token), '\n'), permission.Token...)} {
		if _, err := p.read(bad); err == nil {
			t.Error("accepted with something behind it")
		}
	}
}

func first(token []byte, _, _ wire.Signed) []byte { return token }
