package exchange

import (
	"slices"
	"time"
)

// Bounds of a request. They keep a request what it is, a question in one case
// (art. 5.4.2 Wmo 2015: no more than needed), and bound what a node must read.
const (
	maxItems     = 30        // a request that asks more is a request for a file
	maxReason    = 2000      // bytes of one reason or explanation
	maxContent   = 16 << 10  // bytes of one item: a finding, not a file
	maxAnswer    = 256 << 10 // bytes of all items of one answer
	maxShareWith = 20
	// maxDeadline bounds how far ahead an answer may be asked for, so that a
	// message does not live for ever in an outbox.
	maxDeadline = 366 * 24 * time.Hour
)

// An ID names an exchange or a case. It is a UUID in its lower-case text form
// (RFC 9562) and carries no meaning.
type ID string

// ParseID checks the form of an ID.
func ParseID(s string) (ID, error) {
	if len(s) != 36 {
		return "", refuse(BadID)
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return "", refuse(BadID)
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f':
		default:
			return "", refuse(BadID)
		}
	}
	return ID(s), nil
}

// A Request (verzoek) asks one party for named items about one person, for one
// purpose in one case. There is no list of persons and no request for
// everything.
type Request struct {
	ID       ID
	Case     ID // the case (casus) at the asker; one case has many requests
	From, To PartyID
	Purpose  PurposeCode
	// Trigger says what the case began with; its reasons stay at the asker.
	Trigger TriggerNote
	// Specific is the specific purpose in the asker's own words (art. 5.4.2(1)).
	Specific Personal
	// Statements are what the purpose wants stated of the request as a whole.
	Statements  []Statement
	Subject     Subject
	Items       []AskedItem
	ShareWith   []DomainCode // with whom the data will be shared further
	Involvement Involvement
	Consent     Consent
	Contact     Personal // whom the professional can call
	Due         time.Time
	// Conference is the case conference in which the items were said, of a
	// request to take them along; "" for any other.
	Conference ID
}

// A TriggerNote is what a request tells of the trigger of its case: which, and
// on which day. The domains that the client agreed to are not in it: the list
// tells each party which problems there are.
type TriggerNote struct {
	Code TriggerCode
	On   time.Time
}

// A Subject is the person whom a request is about: by citizen service number
// where both parties may process it, else by name, date of birth and address
// (art. 5.4.2(5)).
type Subject struct {
	Standing Standing
	BSN      BSN
	Name     Personal
	Born     Personal // YYYY-MM-DD
	Address  Personal
}

// An AskedItem is one item with the depth at which it is asked, the reason why
// it is needed at that depth, and what else the purpose wants stated.
type AskedItem struct {
	Item       ItemCode
	Depth      Depth
	Why        Personal
	Statements []Statement
}

// Involvement says how far the client knows of the request.
type Involvement struct {
	State InvolvementState
	Why   Personal // required unless the client takes part or is informed
}

// An InvolvementState is a degree of involvement of the client.
type InvolvementState string

// The degrees of involvement (samenspraak, art. 2.3a.1; art. 14 GDPR).
const (
	InConsultation InvolvementState = "in-consultation" // in samenspraak
	Informed       InvolvementState = "informed"        // geïnformeerd
	NotYetInformed InvolvementState = "not-yet-informed"
	Objected       InvolvementState = "objected" // maakte bezwaar
)

// InvolvementStates lists every degree.
var InvolvementStates = [...]InvolvementState{InConsultation, Informed, NotYetInformed, Objected}

// Consent (toestemming) is what the asker knows of the client's consent that a
// party breaks its professional secrecy. It is never the ground of the request:
// a citizen who depends on the college does not consent freely (memorandum
// §1.2). The professional asks himself all the same.
type Consent struct {
	State ConsentState // empty when it does not matter
	On    time.Time    // the day on which it was given or refused
}

// A ConsentState is whether the client consented.
type ConsentState string

// The states of consent.
const (
	ConsentGiven    ConsentState = "given"
	ConsentRefused  ConsentState = "refused"
	ConsentNotAsked ConsentState = "not-asked"
)

// ConsentStates lists every state.
var ConsentStates = [...]ConsentState{ConsentGiven, ConsentRefused, ConsentNotAsked}

func (c Consent) check(now time.Time) error {
	switch {
	case c.State == "" && c.On.IsZero():
		return nil
	case !known(ConsentStates[:], c.State), (c.State == ConsentNotAsked) != c.On.IsZero(), c.On.After(now):
		return refuse(BadRequest, "field", "consent")
	}
	return nil
}

// check holds the form of a request, which does not depend on the law in
// force.
func (r Request) check(now time.Time) error {
	if r.Due.Sub(now) > maxDeadline {
		return refuse(BadRequest, "field", "due")
	}
	for _, field := range []struct {
		name     string
		text     Personal
		required bool
	}{{"specific", r.Specific, true}, {"contact", r.Contact, true}, {"involvement", r.Involvement.Why, false}} {
		if field.required && field.text.Blank() {
			return refuse(ReasonMissing, "field", field.name)
		}
		if len(field.text.Reveal()) > maxReason {
			return refuse(BadRequest, "field", field.name)
		}
	}
	switch r.Involvement.State {
	case InConsultation, Informed:
	case NotYetInformed, Objected:
		if r.Involvement.Why.Blank() {
			return refuse(ReasonMissing, "field", "involvement")
		}
	default:
		return refuse(BadRequest, "field", "involvement")
	}
	if len(r.ShareWith) > maxShareWith {
		return refuse(BadRequest, "field", "shareWith")
	}
	for _, d := range r.ShareWith {
		if !isCode(string(d)) {
			return refuse(BadRequest, "field", "shareWith")
		}
	}
	return r.Consent.check(now)
}

// check holds art. 5.4.2(5): the number goes between parties that may both
// process it, and to nobody else (I6). Between those it is used, where the
// person has one: it keeps people from being taken for another.
func (s Subject) check(asker, asked Capacity) error {
	if !known(Standings[:], s.Standing) {
		return refuse(BadSubject, "field", "standing")
	}
	if s.BSN.Zero() {
		return checkNamed(s.Name, s.Born, s.Address)
	}
	switch {
	case s.Standing == Unborn:
		return refuse(BadSubject, "field", "bsn")
	case !asked.MayProcessBSN || !asker.MayProcessBSN:
		return refuse(BSNNotAllowed, "article", "5.4.2(5)")
	}
	return nil
}

func (r Request) item(code ItemCode) (AskedItem, bool) {
	for _, a := range r.Items {
		if a.Item == code {
			return a, true
		}
	}
	return AskedItem{}, false
}

func (r Request) outline() []ItemNote {
	var notes []ItemNote
	for _, a := range r.Items {
		notes = append(notes, ItemNote{Item: a.Item, Depth: a.Depth})
	}
	return notes
}

// shares reports whether both requests ask for one of the same items.
func (r Request) shares(other Request) bool {
	return slices.ContainsFunc(r.Items, func(a AskedItem) bool { _, ok := other.item(a.Item); return ok })
}
