package exchange

import (
	"slices"
	"strings"
	"time"
)

// A Sought (gezochte) is whom somebody looks for: by citizen service number, or
// by name and date of birth, or by both.
type Sought struct {
	BSN  BSN
	Name Personal
	Born Personal // YYYY-MM-DD
}

// Is reports whether a person of a case or a request is the one who is sought:
// by number where both have one, else by name and date of birth.
func (s Sought) Is(p Person) bool { return p.same(Person{BSN: s.BSN, Name: s.Name, Born: s.Born}) }

// IsSubject is Is for the person whom a request is about.
func (s Sought) IsSubject(x Subject) bool {
	return s.Is(Person{BSN: x.BSN, Name: x.Name, Born: x.Born})
}

// check holds that somebody can be found by it, in a capacity that may have the
// number (I6).
func (s Sought) check(in Capacity) error {
	if !s.BSN.Zero() && !in.MayProcessBSN {
		return refuse(BSNNotAllowed, "article", "5.4.2(5)")
	}
	if !s.BSN.Zero() && s.Name.Zero() && s.Born.Zero() {
		return nil
	}
	if s.Name.Blank() || len(s.Name.Reveal()) > 200 {
		return refuse(BadSubject, "field", "name")
	}
	if _, err := time.Parse(time.DateOnly, s.Born.Reveal()); err != nil {
		return refuse(BadSubject, "field", "born")
	}
	return nil
}

// A SearchReason is why somebody looks for a person. It is a code and no text:
// it stays in the ledger for as long as that does, and a text could name him.
type SearchReason string

// The reasons for a search.
const (
	SearchForCase      SearchReason = "case"      // a help question or report about him: is there a case already?
	SearchForRequest   SearchReason = "request"   // a party asks, or somebody calls, about him
	SearchForPerson    SearchReason = "person"    // he himself asks what is held of him, or uses another right
	SearchForComplaint SearchReason = "complaint" // he complained, or there is a court case
	SearchForCheck     SearchReason = "check"     // a check by the privacy officer
)

// SearchReasons lists every reason.
var SearchReasons = [...]SearchReason{SearchForCase, SearchForRequest, SearchForPerson, SearchForComplaint, SearchForCheck}

// Search is the event of somebody who looks whether a person is known in the
// capacity whose hat he wears. It is recorded before he is shown anything, and
// says nothing in clear: pseudonym is what the node calls the person in this
// capacity, count how many dossiers were found.
func Search(s Sought, why SearchReason, own Party, by Actor, pseudonym string, count int, at time.Time) (Event, error) {
	if err := CheckSearch(s, why, own, by); err != nil {
		return Event{}, err
	}
	return Event{
		Kind: Searched, Own: PartyID{OIN: own.OIN, Capacity: by.Hat}, At: at, By: by.ID,
		Detail: Detail{Code: string(why), Person: pseudonym, Count: count},
	}, nil
}

// CheckSearch holds that he may look, for a reason that exists, and for somebody
// who can be found. A check is the privacy officer's.
func CheckSearch(s Sought, why SearchReason, own Party, by Actor) error {
	capacity, ok := own.Capacity(by.Hat)
	if !ok {
		return refuse(UnknownCapacity, "party", "own", "capacity", string(by.Hat))
	}
	if err := mayView(by, by.Hat); err != nil {
		return err
	}
	if !known(SearchReasons[:], why) {
		return refuse(ReasonMissing, "field", "search")
	}
	if why == SearchForCheck {
		if _, err := by.oneOf([]Role{PrivacyOfficer}, by.Hat, ""); err != nil {
			return err
		}
	}
	return s.check(capacity)
}

// HoldsNumber reports whether a text holds what passes for a citizen service
// number: nine digits together, or split by spaces, dots or hyphens, that pass the
// eleven-test. A number of another kind can pass by chance; then it is written in
// another way. Where a text outlives what it is about, the number is kept out.
func HoldsNumber(text Personal) bool {
	passes := func(digits string) bool { _, err := ParseBSN(digits); return err == nil }
	inText := strings.FieldsFunc(text.Reveal(), func(r rune) bool { return (r < '0' || r > '9') && !strings.ContainsRune(" .-\u00a0", r) })
	for _, run := range inText {
		words := strings.FieldsFunc(run, func(r rune) bool { return r < '0' || r > '9' })
		if slices.ContainsFunc(words, passes) || passes(strings.Join(words, "")) {
			return true
		}
	}
	return false
}

// ViewStaff is the event of a privacy officer who looks what a member of staff
// did in the capacity whose hat she wears. It is recorded before she is shown
// anything.
func ViewStaff(of ActorID, own Party, by Actor, at time.Time) (Event, error) {
	if _, ok := own.Capacity(by.Hat); !ok {
		return Event{}, refuse(UnknownCapacity, "party", "own", "capacity", string(by.Hat))
	}
	if _, err := by.oneOf([]Role{PrivacyOfficer}, by.Hat, ""); err != nil {
		return Event{}, err
	}
	return Event{Kind: StaffViewed, Own: PartyID{OIN: own.OIN, Capacity: by.Hat}, At: at, By: by.ID, Detail: Detail{Second: of}}, nil
}
