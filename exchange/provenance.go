package exchange

import "time"

// A Provenance (herkomst) says where it comes from what another party passed on
// to us. The zero Provenance is that of what we asked for ourselves.
type Provenance struct {
	Origin   ID        // the exchange in which it was supplied first; every ledger names it
	Supplier PartyID   // who supplied it then, and decides on it
	Decided  time.Time // when he did
	Links    []Link    // every passing since, oldest first; the last one brought it here
}

// A Link (schakel) is one passing, as everybody after it knows of it.
type Link struct {
	ID         ID
	From, To   PartyID
	Purpose    PurposeCode
	Told       time.Time // when the client was told, as the passer says; zero for not
	At         time.Time
	Conditions []Condition // what the passer added
}

// maxLinks bounds a chain: what has gone through so many hands is asked of its
// source instead.
const maxLinks = 8

// Topic is the exchange in which the data was supplied first. It stands in the
// ledger of everybody who gets them, so that their path can be followed.
func (x Exchange) Topic() ID {
	if x.Provenance.Origin != "" {
		return x.Provenance.Origin
	}
	return x.ID
}

// PassedOn reports whether this is what somebody passed on to us, unasked.
func (x Exchange) PassedOn() bool { return x.Provenance.Origin != "" }

// Source is the party that supplied first, and decides on what it supplied.
func (x Exchange) Source() PartyID {
	if x.PassedOn() {
		return x.Provenance.Supplier
	}
	return x.Request.To
}

// Layers are what everybody before us in the chain wants, the source first.
func (x Exchange) Layers() []Layer {
	conditions := x.Answer.Conditions
	if x.Side == Supplier {
		conditions = x.Decision.Conditions
	}
	layers := []Layer{{By: x.Source(), Conditions: conditions}}
	for _, l := range x.Provenance.Links {
		layers = append(layers, Layer{By: l.From, Conditions: l.Conditions})
	}
	return layers
}

// Holds returns an item that we were supplied with and may read.
func (x Exchange) Holds(code ItemCode) (AnsweredItem, bool) {
	for _, i := range x.Answer.Items {
		if i.Item == code && i.Outcome == Supply && i.Mark == "" {
			return i, true
		}
	}
	return AnsweredItem{}, false
}

// Given are the items that went to who got them first, or that we hold: what can
// be on its way further.
func (x Exchange) Given() (all []ItemCode) {
	if x.Side == Supplier {
		return x.Decision.supplied()
	}
	return x.Answer.supplied()
}

// supplied returns an item that we supplied ourselves, as the source.
func (x Exchange) supplied(code ItemCode) (ItemDecision, bool) {
	for _, i := range x.Decision.Items {
		if i.Item == code && i.Outcome == Supply {
			return i, true
		}
	}
	return ItemDecision{}, false
}
