package exchange

import (
	"slices"
	"time"
)

// A Correction tells everybody who holds an item what became of it: it was
// wrong, its use is restricted, or it must go (art. 16, 17, 18, 19 GDPR; art.
// 5.3.4 Wmo 2015 as amended: to whoever received it in the preceding year).
type Correction struct {
	ID    ID
	Kind  CorrectionKind
	Items []CorrectedItem
	Why   Personal // at the source; the holders learn what, not why
	By    ActorID  // at the source
	At    time.Time
	To    []CorrectedAt // at the source: who is told
}

// A CorrectedItem is one item that is corrected; Depth and Value are those that
// count from now on, of a rectification only.
type CorrectedItem struct {
	Item  ItemCode
	Depth Depth
	Value Personal
}

// CorrectedAt says of one holder how far a correction is.
type CorrectedAt struct {
	Party PartyID
	// Passing is the passing that brought it to him; "" for who asked us.
	Passing ID
	Message ID           // that tells him
	State   PassingState // queued, delivered (acknowledged by his receipt), rejected or expired
}

// A CorrectionKind says what became of an item.
type CorrectionKind string

// The kinds of correction.
const (
	Rectification CorrectionKind = "rectification" // rectificatie, art. 16
	Restriction   CorrectionKind = "restriction"   // beperking, art. 18; also while an objection (bezwaar, art. 21) is weighed
	Lifting       CorrectionKind = "lifting"       // einde van de beperking, art. 18(3)
	Erasure       CorrectionKind = "erasure"       // wissing, art. 17
)

// CorrectionKinds lists every kind.
var CorrectionKinds = [...]CorrectionKind{Rectification, Restriction, Lifting, Erasure}

// A Mark says why an item that was supplied can't be read.
type Mark string

// The marks.
const (
	MarkRestricted Mark = "restricted" // beperkt: kept, not read, not passed on
	MarkErased     Mark = "erased"     // gewist
)

// maxCorrections bounds the corrections of one exchange.
const maxCorrections = 100

// theYear is how far back whoever received an item is told (memorandum §6, right
// to rectification: the preceding year).
func theYear(at time.Time) time.Time { return at.AddDate(-1, 0, 0) }

// Correct records at the source that items which it supplied were wrong, are
// restricted, no longer are, or must go. It lists who must be told: whoever
// received one of them in the preceding year, here or by passing on.
func (x Exchange) Correct(law *Law, c Correction, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if x.Side != Supplier {
		return Exchange{}, Event{}, refuse(WrongSide)
	}
	if x.Phase != Answered && x.Phase != Decided {
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	if _, _, err := law.WeighingOf(x.Request, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if len(x.Corrections) >= maxCorrections {
		return Exchange{}, Event{}, refuse(CorrectionsBounded)
	}
	if err := checkText(c.Why, "why"); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := c.check(); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Decision.Items = slices.Clone(x.Decision.Items)
	for _, i := range c.Items {
		n := slices.IndexFunc(x.Decision.Items, func(d ItemDecision) bool { return d.Item == i.Item && d.Outcome == Supply })
		if n < 0 {
			return Exchange{}, Event{}, refuse(NotHeld, "item", string(i.Item))
		}
		d := &x.Decision.Items[n]
		if c.Kind == Rectification && !i.Depth.Within(d.Depth) {
			return Exchange{}, Event{}, refuse(DeeperThanAsked, "item", string(i.Item), "asked", string(d.Depth))
		}
		var err error
		if d.Depth, d.Value, d.Mark, err = c.apply(i, d.Depth, d.Value, d.Mark); err != nil {
			return Exchange{}, Event{}, err
		}
		if err := x.checkNumber(d.Value, "item", string(i.Item)); err != nil {
			return Exchange{}, Event{}, err
		}
	}
	c.By, c.At = by.ID, second(at)
	c.To = x.Received(c, at)
	x.Corrections = append(x.superseded(c), c)
	return x, x.about(CorrectionDecided, by.ID, at, PartyID{}, "", c.detail()), nil
}

// superseded are the corrections before, without the values that a new one takes
// the place of.
func (x Exchange) superseded(by Correction) []Correction {
	all := slices.Clone(x.Corrections)
	if by.Kind != Rectification && by.Kind != Erasure {
		return all
	}
	for n := range all {
		all[n].Items = slices.Clone(all[n].Items)
		for m := range all[n].Items {
			if i := &all[n].Items[m]; len(by.of([]ItemCode{i.Item})) > 0 {
				i.Value = Personal{}
			}
		}
	}
	return all
}

// Received lists who received one of the items in the preceding year: whom a
// correction is told.
func (x Exchange) Received(c Correction, at time.Time) (all []CorrectedAt) {
	since := theYear(at)
	if x.Decision.At.After(since) {
		all = append(all, CorrectedAt{Party: x.Other(), State: PassingQueued})
	}
	for _, p := range x.Passings {
		if p.At.After(since) && len(c.of(p.Items)) > 0 {
			all = append(all, CorrectedAt{Party: p.To, Passing: p.ID, State: PassingQueued})
		}
	}
	return all
}

// of is what of a correction is about these items.
func (c Correction) of(items []ItemCode) (some []CorrectedItem) {
	for _, i := range c.Items {
		if known(items, i.Item) {
			some = append(some, i)
		}
	}
	return some
}

// For is a correction as one holder is told it: of the items that he has, and
// without the reason.
func (x Exchange) For(c Correction, to CorrectedAt) Correction {
	told := Correction{ID: c.ID, Kind: c.Kind, Items: c.Items, At: c.At}
	for _, p := range x.Passings {
		if p.ID != to.Passing || p.To != to.Party {
			continue
		}
		told.Items = c.of(p.Items)
		if c.Kind == Rectification {
			// A value that was corrected again is for the correction that did.
			told.Items = slices.DeleteFunc(told.Items, func(i CorrectedItem) bool { return i.Value.Zero() })
		}
		if p.Breach {
			// Who should not have it gets no more of it, and is told to let it go.
			told.Kind = Erasure
			for n := range told.Items {
				told.Items[n] = CorrectedItem{Item: told.Items[n].Item}
			}
		}
	}
	return told
}

// IssueCorrection is the event of telling one holder.
func (x Exchange) IssueCorrection(c Correction, to PartyID, at time.Time) Event {
	return x.about(CorrectionIssued, "", at, to, "", c.detail())
}

// ReceiveCorrection does at a holder what the source says: an item gets the
// value that counts, can't be read while it is restricted, or is erased. Items
// that we do not hold are nothing to us. It refuses a correction where no answer
// is (not-now): a holder that went back to a backup from before the answer does
// not tell the source that it did what it can't do.
func (x Exchange) ReceiveCorrection(c Correction, from PartyID, at time.Time) (Exchange, Event, error) {
	switch {
	case x.Side != Asker:
		return Exchange{}, Event{}, refuse(WrongSide)
	case from != x.Source():
		return Exchange{}, Event{}, refuse(NotTheSource)
	case x.Phase != Answered:
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	case len(x.Corrections) >= maxCorrections:
		return Exchange{}, Event{}, refuse(CorrectionsBounded)
	}
	if err := c.check(); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Answer.Items = slices.Clone(x.Answer.Items)
	var kept []CorrectedItem
	for _, i := range c.Items {
		if err := x.checkNumber(i.Value, "item", string(i.Item)); err != nil {
			return Exchange{}, Event{}, err
		}
		n := slices.IndexFunc(x.Answer.Items, func(a AnsweredItem) bool { return a.Item == i.Item && a.Outcome == Supply })
		if n < 0 {
			continue
		}
		a := &x.Answer.Items[n]
		if asked, _ := x.Request.item(i.Item); c.Kind == Rectification && !i.Depth.Within(asked.Depth) {
			return Exchange{}, Event{}, refuse(DeeperThanAsked, "item", string(i.Item), "asked", string(asked.Depth))
		}
		var err error
		if a.Depth, a.Value, a.Mark, err = c.apply(i, a.Depth, a.Value, a.Mark); err != nil {
			return Exchange{}, Event{}, err
		}
		kept = append(kept, CorrectedItem{Item: i.Item, Depth: a.Depth})
	}
	c.Items = kept
	x.Corrections = append(slices.Clone(x.Corrections), c)
	return x, x.about(CorrectionReceived, "", at, from, "", c.detail()), nil
}

// apply is an item after a correction.
func (c Correction) apply(i CorrectedItem, depth Depth, value Personal, mark Mark) (Depth, Personal, Mark, error) {
	if mark == MarkErased {
		return depth, value, mark, refuse(ItemErased, "item", string(i.Item))
	}
	switch c.Kind {
	case Rectification:
		return i.Depth, i.Value, mark, nil
	case Restriction:
		return depth, value, MarkRestricted, nil
	case Lifting:
		return depth, value, "", nil
	}
	return depth, Personal{}, MarkErased, nil
}

func (c Correction) check() error {
	if !known(CorrectionKinds[:], c.Kind) || len(c.Items) == 0 || len(c.Items) > maxItems {
		return refuse(BadCorrection)
	}
	seen := map[ItemCode]bool{}
	for _, i := range c.Items {
		valued := c.Kind == Rectification
		switch {
		case seen[i.Item]:
			return refuse(ItemTwice, "item", string(i.Item))
		case valued && (i.Value.Blank() || i.Depth.rank() == 0):
			return refuse(ContentMissing, "item", string(i.Item))
		case !valued && (!i.Value.Zero() || i.Depth != ""):
			return refuse(ContentSurplus, "item", string(i.Item))
		case len(i.Value.Reveal()) > maxContent:
			return refuse(TooMuchContent, "item", string(i.Item))
		}
		seen[i.Item] = true
	}
	return nil
}

func (c Correction) detail() Detail {
	d := Detail{Code: string(c.Kind), Count: len(c.To)}
	for _, i := range c.Items {
		d.Items = append(d.Items, ItemNote{Item: i.Item, Depth: i.Depth})
	}
	return d
}

// CorrectionIs records how telling one holder ended; message is what told him.
func (x Exchange) CorrectionIs(message ID, state PassingState) Exchange {
	x.Corrections = slices.Clone(x.Corrections)
	for n := range x.Corrections {
		c := &x.Corrections[n]
		c.To = slices.Clone(c.To)
		for m := range c.To {
			if c.To[m].Message == message {
				c.To[m].State = state
			}
		}
	}
	return x
}

// Readable is the exchange as people may read it: what is restricted is kept
// and not shown (art. 18 GDPR).
func (x Exchange) Readable() Exchange {
	x.Answer.Items = slices.Clone(x.Answer.Items)
	for n, i := range x.Answer.Items {
		if i.Mark != "" {
			x.Answer.Items[n].Value = Personal{}
		}
	}
	return x
}

// EraseDue erases, at a holder, the items that somebody in the chain wanted gone
// by a day that has come (delete-by). It reports false where there are none.
func (x Exchange) EraseDue(at time.Time) (Exchange, []ItemCode, Event, bool) {
	if x.Side != Asker {
		return x, nil, Event{}, false
	}
	var due []ItemCode
	for _, i := range x.Answer.Items {
		if i.Outcome == Supply && i.Mark != MarkErased && x.goneBy(i.Item, at) {
			due = append(due, i.Item)
		}
	}
	if len(due) == 0 {
		return x, nil, Event{}, false
	}
	x.Answer.Items = slices.Clone(x.Answer.Items)
	d := Detail{Code: string(DeleteBy)}
	for n := range x.Answer.Items {
		if i := &x.Answer.Items[n]; known(due, i.Item) {
			i.Value, i.Mark = Personal{}, MarkErased
			d.Items = append(d.Items, ItemNote{Item: i.Item, Depth: i.Depth})
		}
	}
	return x, due, x.about(ItemsErased, "", at, PartyID{}, "", d), true
}

// goneBy reports whether a layer wants an item gone by now.
func (x Exchange) goneBy(item ItemCode, at time.Time) bool {
	for _, l := range x.Layers() {
		for _, c := range about(l.Conditions, item) {
			if c.Code == DeleteBy && !at.Before(c.Until) {
				return true
			}
		}
	}
	return false
}

// Missed lists the corrections, by number and in their order, that somebody missed
// to whom items were passed on as they were before. stale are the items of which
// he got a value that does not count any more.
func (x Exchange) Missed(items, stale []ItemCode) (corrections []int) {
	for _, item := range items {
		i, _ := x.supplied(item)
		last := func(kinds ...CorrectionKind) {
			for n := len(x.Corrections) - 1; n >= 0; n-- {
				if c := x.Corrections[n]; known(kinds, c.Kind) && len(c.of([]ItemCode{item})) > 0 {
					if !known(corrections, n) {
						corrections = append(corrections, n)
					}
					return
				}
			}
		}
		switch {
		case i.Mark == MarkErased:
			last(Erasure)
		case i.Mark == MarkRestricted && known(stale, item):
			last(Rectification)
			last(Restriction)
		case i.Mark == MarkRestricted:
			last(Restriction)
		case known(stale, item):
			last(Rectification)
		}
	}
	slices.Sort(corrections)
	return corrections
}

// MayStillCorrect holds, at the moment that a rectification leaves, that who is
// told may still process what it says.
func (x Exchange) MayStillCorrect(law *Law, message ID, to Party) error {
	for _, c := range x.Corrections {
		for _, t := range c.To {
			if t.Message != message {
				continue
			}
			told := x.For(c, t)
			return told.CheckFor(law, to, t.Party.Capacity)
		}
	}
	return nil
}

// CheckFor holds that a party may have what a correction says.
func (c Correction) CheckFor(law *Law, to Party, in CapacityCode) error {
	if c.Kind != Rectification {
		return nil // it tells nothing
	}
	capacity, ok := to.Capacity(in)
	if !ok {
		return refuse(UnknownCapacity, "party", "recipient", "capacity", string(in))
	}
	for _, i := range c.Items {
		item, ok := law.items.get(i.Item)
		if !ok {
			return refuse(UnknownItem)
		}
		if !capacity.May(item.Category) {
			return refuse(CategoryAsker, "item", string(i.Item), "category", string(item.Category))
		}
		if err := CheckNumber(capacity, i.Value, "item", string(i.Item)); err != nil {
			return err
		}
	}
	return nil
}

// Told adds a holder to those who are told of a correction.
func (x Exchange) Told(correction int, to CorrectedAt) Exchange {
	x.Corrections = slices.Clone(x.Corrections)
	c := &x.Corrections[correction]
	c.To = append(slices.Clone(c.To), to)
	return x
}
