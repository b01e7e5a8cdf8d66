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
	// Specific is the specific purpose in the asker's own words (art. 5.4.2(1)).
	Specific    Personal
	Subject     Subject
	Items       []AskedItem
	ShareWith   []DomainCode // with whom the data will be shared further
	Involvement Involvement
	Contact     Personal // whom the professional can call
	Due         time.Time
}

// A Subject is the person whom a request is about: by citizen service number
// where the asked party may process it, else by name, date of birth and
// address (art. 5.4.2(5)).
type Subject struct {
	BSN     BSN
	Name    Personal
	Born    Personal // YYYY-MM-DD
	Address Personal
}

// An AskedItem is one item with the depth at which it is asked and the reason
// why it is needed at that depth.
type AskedItem struct {
	Item  ItemCode
	Depth Depth
	Why   Personal
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

// CheckRequest checks a request against the law in force. Both nodes do: the
// asker's before it sends, the supplier's before a professional sees it.
func (l *Law) CheckRequest(r Request, from, to Party, now time.Time) error {
	if _, err := ParseID(string(r.ID)); err != nil {
		return err
	}
	if _, err := ParseID(string(r.Case)); err != nil {
		return err
	}
	if r.From == r.To {
		return refuse(SelfAsked)
	}
	asker, ok := from.Capacity(r.From.Capacity)
	if !ok || from.OIN != r.From.OIN {
		return refuse(UnknownCapacity, "party", "asker", "capacity", string(r.From.Capacity))
	}
	asked, ok := to.Capacity(r.To.Capacity)
	if !ok || to.OIN != r.To.OIN {
		return refuse(UnknownCapacity, "party", "asked", "capacity", string(r.To.Capacity))
	}
	purpose, ok := l.purposes[r.Purpose]
	if !ok {
		return refuse(UnknownPurpose)
	}
	if !slices.Contains(purpose.Askers, asker.Task) {
		return refuse(PurposeNotAsker, "purpose", string(r.Purpose), "task", string(asker.Task), "article", purpose.Article)
	}
	if !slices.Contains(purpose.Asked, asked.Domain) {
		return refuse(PurposeNotAsked, "purpose", string(r.Purpose), "domain", string(asked.Domain), "article", purpose.Article)
	}
	if !r.Due.After(now) {
		return refuse(DeadlinePassed)
	}
	if err := r.check(now); err != nil {
		return err
	}
	if err := r.Subject.check(asker, asked); err != nil {
		return err
	}
	return l.checkItems(r, purpose, asker, asked)
}

// check holds what does not depend on the law in force.
func (r Request) check(now time.Time) error {
	if r.Due.Sub(now) > maxDeadline {
		return refuse(BadRequest, "field", "due")
	}
	for _, field := range []struct {
		name     string
		text     Personal
		required bool
	}{{"specific", r.Specific, true}, {"contact", r.Contact, true}, {"involvement", r.Involvement.Why, false}} {
		if field.required && field.text.Zero() {
			return refuse(ReasonMissing, "field", field.name)
		}
		if len(field.text.Reveal()) > maxReason {
			return refuse(BadRequest, "field", field.name)
		}
	}
	switch r.Involvement.State {
	case InConsultation, Informed:
	case NotYetInformed, Objected:
		if r.Involvement.Why.Zero() {
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
	return nil
}

func (l *Law) checkItems(r Request, purpose Purpose, asker, asked Capacity) error {
	if len(r.Items) == 0 {
		return refuse(NothingAsked)
	}
	if len(r.Items) > maxItems {
		return refuse(TooMuchAsked)
	}
	seen := map[ItemCode]bool{}
	for _, a := range r.Items {
		item, ok := l.items[a.Item]
		if !ok {
			return refuse(UnknownItem)
		}
		if seen[a.Item] {
			return refuse(ItemTwice, "item", string(a.Item))
		}
		seen[a.Item] = true
		if item.Domain != asked.Domain {
			return refuse(ItemNotHeld, "item", string(a.Item), "domain", string(asked.Domain))
		}
		if _, ok := item.Depths[a.Depth]; !ok {
			return refuse(BadDepth, "item", string(a.Item))
		}
		if !slices.Contains(purpose.Categories, item.Category) {
			return refuse(CategoryForbidden, "item", string(a.Item), "category", string(item.Category), "article", purpose.Article)
		}
		if !asker.May(item.Category) {
			return refuse(CategoryAsker, "item", string(a.Item), "category", string(item.Category))
		}
		if a.Why.Zero() {
			return refuse(ReasonMissing, "item", string(a.Item))
		}
		if len(a.Why.Reveal()) > maxReason {
			return refuse(BadRequest, "item", string(a.Item))
		}
	}
	return nil
}

// check holds art. 5.4.2(5): the number goes between parties that may both
// process it, and to nobody else (I6).
func (s Subject) check(asker, asked Capacity) error {
	if !s.BSN.Zero() {
		if !asked.MayProcessBSN || !asker.MayProcessBSN {
			return refuse(BSNNotAllowed, "article", "5.4.2(5)")
		}
		return nil
	}
	if s.Name.Zero() || s.Born.Zero() || s.Address.Zero() {
		return refuse(BadSubject)
	}
	if len(s.Name.Reveal()) > 200 || len(s.Address.Reveal()) > 300 {
		return refuse(BadSubject)
	}
	if _, err := time.Parse(time.DateOnly, s.Born.Reveal()); err != nil {
		return refuse(BadSubject)
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
