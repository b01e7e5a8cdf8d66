package audit

import (
	"bytes"
	"encoding/json"
	"slices"

	"sluis/crypto"
	"sluis/exchange"
)

// A closed dossier has entries in scope that did not come opened. That is right
// when it was destroyed (vernietiging), and else it is not.
type closed struct {
	first    int64 // number of the first entry
	parts    uint64
	messages uint64
}

func (v *verification) lack(c closed) {
	if c.parts+c.messages == 0 {
		return
	}
	key := v.dossier(v.entry.Header)
	all, ok := v.closed[key]
	if !ok {
		all.first = c.first
	}
	all.parts += c.parts
	all.messages += c.messages
	v.closed[key] = all
}

// destroy takes note that a dossier was destroyed: what did not come opened of
// it is right, what did is not.
func (v *verification) destroy(dossier dossierID) {
	v.report.Destroyed += v.closed[dossier].parts
	delete(v.closed, dossier)
	line := v.strand(dossier)
	line.destroyed = true
	if line.opened {
		v.find(NotDestroyed, int64(v.entry.Index), "")
	}
}

// endDossiers names what was kept back.
func (v *verification) endDossiers() {
	for key, c := range v.closed {
		if v.strand(key).destroyed {
			v.report.Destroyed += c.parts
			continue
		}
		if c.parts > 0 {
			v.find(PartKeyMissing, c.first, number(c.parts))
		}
		if c.messages > 0 {
			v.find(MessageMissing, c.first, number(c.messages))
		}
	}
}

// addPartKey opens the private part of the entry before it and reads it.
func (v *verification) addPartKey(raw []byte) {
	e := &v.entry
	if !e.ok || e.key || e.message {
		v.find(FrameOrder, v.current(), "K")
		return
	}
	e.key = true
	index, grant := int64(e.Index), e.Index == v.head.Granted
	if !e.covered && !grant {
		v.find(PartKeySurplus, index, "")
	}
	key, err := crypto.ParseSecret(raw)
	if err != nil {
		v.find(PartKeyWrong, index, "")
		return
	}
	part, err := crypto.OpenPart(key, e.Private, e.Bound())
	if err != nil {
		v.find(PartKeyWrong, index, "")
		return
	}
	line := v.strand(v.dossier(e.Header))
	if line.opened = true; line.destroyed {
		v.find(NotDestroyed, index, "")
	}
	if e.covered {
		v.report.Opened++
	}
	kind := exchange.EventKind(e.Kind)
	if !v.order.IsStep(kind) && kind != exchange.InspectionGranted {
		if err := crypto.StrictJSON(part, 16); err != nil || part[0] != '{' {
			v.find(PartForm, index, "")
		}
		return
	}
	p := new(exchange.PrivatePart)
	if decodeStrict(part, p) != nil {
		v.find(PartForm, index, "")
		return
	}
	if !v.inForce(p.Register) {
		v.find(PartRegister, index, number(p.Register))
	}
	// Another message than the passing itself says nothing of who sent it: a notice
	// comes to nothing where the supplier lost what it is about.
	if kind == exchange.MessageRejected && p.Detail.Passing != "" && slices.Contains(againstConditions[:], exchange.Code(p.Detail.Code)) {
		v.find(OnwardRefused, index, p.Detail.Code)
	}
	if grant && kind == exchange.InspectionGranted {
		v.granted = true
		v.checkGrant(p)
	}
	if v.options.Row != nil && e.covered {
		e.row.Part = p
	}
}

// againstConditions are the codes with which an honest node refuses what was
// passed on to it against a condition, or without the permission for it.
var againstConditions = [...]exchange.Code{exchange.OnwardForbidden, exchange.OnwardNeedsPermission, exchange.BadChain}

// inForce reports whether a version was in force at the entry that is being
// read, or until the one before it.
func (v *verification) inForce(number uint64) bool {
	for _, k := range [...]*version{v.now, v.before} {
		if k == nil && number == 0 || k != nil && k.number == number {
			return true
		}
	}
	return false
}

// checkGrant holds that the bundle is what the ledger says was granted.
func (v *verification) checkGrant(p *exchange.PrivatePart) {
	index := int64(v.entry.Index)
	granted, err := json.Marshal(p.Detail.Inspection)
	said, wrong := json.Marshal(v.head.Inspection)
	switch {
	case err != nil || wrong != nil || !bytes.Equal(granted, said):
		v.find(GrantDiffers, index, "scope")
	case p.By != v.head.By || v.entry.As != v.head.As:
		v.find(GrantDiffers, index, "by")
	}
}
