package exchange

import (
	"slices"
	"strconv"
	"time"
)

// A Contribution (inbreng) is what one party says in a [Conference]: items about
// the person, by its own weighing (art. 5.4.3(2)). It goes from its node to that
// of each who takes part, and to no other; nobody keeps it.
type Contribution struct {
	ID       ID
	By       PartyID
	Items    []Said
	At       time.Time
	To       []PartyID // where it came from: to whom it went
	Weighing Steps     // where it came from
	Author   ActorID   // where it came from
}

// A Said is one item as it is said.
type Said struct {
	Item  ItemCode
	Depth Depth
	Value Personal
	// Of is who supplied it to who says it; zero for what he knows himself.
	Of PartyID
	// From is, where it came from, the exchange in which he got it.
	From ID
}

// A Contributing is all that a contribution depends on where it comes from.
type Contributing struct {
	ID    ID
	Items []Said
	// Held are the exchanges that items name, see [Said.From].
	Held []Exchange
	// To limits who hears it; none is everybody who takes part.
	To []PartyID
	// Steps are those of the weighing, in the order in which they were taken.
	Steps []Step
	Told  time.Time // when the client was told; zero for not
	// Present are the parties that take part, as the register has them.
	Present []Party
	Own     Party
	By      Actor
	At      time.Time
}

// Contribute says something in a conference. It refuses what the weighing of the
// party does not allow, what is not its own to say, what a condition of who
// supplied it forbids, and a citizen service number that somebody present may not
// process. An item that may only be said, and not handed over, may be said here.
func (c Conference) Contribute(law *Law, k Contributing) (Contribution, Event, error) {
	if err := c.open(k.At); err != nil {
		return Contribution{}, Event{}, err
	}
	if !c.Attends(c.Own) {
		return Contribution{}, Event{}, refuse(NotPresent, "article", "5.4.3(2)")
	}
	said := Contribution{ID: k.ID, By: c.Own, Items: slices.Clone(k.Items), At: second(k.At), To: k.To, Author: k.By.ID}
	if len(said.To) == 0 {
		said.To = c.Present()
	}
	for n, p := range said.To {
		if p == c.Own || !c.Attends(p) || known(said.To[:n], p) {
			return Contribution{}, Event{}, refuse(NotPresent, "party", p.String(), "article", "5.4.3(2)")
		}
	}
	if len(said.To) == 0 {
		return Contribution{}, Event{}, refuse(NobodyPresent, "article", "5.4.3(2)")
	}
	rule, regime, err := law.WeighingOf(Request{To: c.Own, Purpose: c.Purpose}, k.Own, k.By)
	if err != nil {
		return Contribution{}, Event{}, err
	}
	for _, s := range k.Steps {
		s.By, s.At = k.By.ID, k.At
		if err := rule.checkStep(said.Weighing, s); err != nil {
			return Contribution{}, Event{}, err
		}
		said.Weighing = said.Weighing.with(s)
	}
	if err := rule.checkComplete(said.Weighing, k.By.ID); err != nil {
		return Contribution{}, Event{}, err
	}
	own, _ := k.Own.Capacity(c.Own.Capacity)
	own.Regime = regime
	for n := range said.Items {
		if err := c.fill(&said.Items[n], k.Held); err != nil {
			return Contribution{}, Event{}, err
		}
	}
	if err := law.checkSaid(c, said, own); err != nil {
		return Contribution{}, Event{}, err
	}
	for _, p := range said.To {
		if err := law.mayHear(c, said, p, own, k); err != nil {
			return Contribution{}, Event{}, err
		}
	}
	return said, c.event(ContributionDecided, k.By.ID, k.At, PartyID{}, Detail{Items: said.outline(), Count: len(said.To)}), nil
}

// Draft is the event of what somebody keeps that he may say later (concept). Who
// does not take part has nothing to say, and when the conference is over nobody
// has.
func (c Conference) Draft(by Actor, at time.Time) (Event, error) {
	if err := c.open(at); err != nil {
		return Event{}, err
	}
	if !c.Attends(c.Own) {
		return Event{}, refuse(NotPresent, "article", "5.4.3(2)")
	}
	if err := mayView(by, c.Own.Capacity); err != nil {
		return Event{}, err
	}
	return c.event(ContributionDrafted, by.ID, at, PartyID{}, Detail{}), nil
}

// fill takes an item that somebody supplied to us from where we have it.
func (c Conference) fill(s *Said, held []Exchange) error {
	if s.From == "" {
		if s.Of != (PartyID{}) {
			return refuse(NotHeld, "item", string(s.Item))
		}
		return nil
	}
	n := slices.IndexFunc(held, func(x Exchange) bool { return x.ID == s.From && x.Side == Asker && x.Own() == c.Own })
	if n < 0 {
		return refuse(NotHeld, "item", string(s.Item))
	}
	i, ok := held[n].Holds(s.Item)
	if !ok {
		return refuse(NotHeld, "item", string(s.Item))
	}
	if !c.Subject.mayBe(held[n].Request.Subject) {
		return refuse(NotInCase, "field", "person")
	}
	s.Depth, s.Value, s.Of = i.Depth, i.Value, held[n].Source()
	return nil
}

// mayHear holds that one of those present may hear a contribution.
func (l *Law) mayHear(c Conference, said Contribution, to PartyID, own Capacity, k Contributing) error {
	n := slices.IndexFunc(k.Present, func(p Party) bool { return p.OIN == to.OIN })
	if n < 0 {
		return refuse(NotPresent, "party", to.String(), "article", "5.4.3(2)")
	}
	recipient, err := RecipientOf(k.Present[n], to.Capacity)
	if err != nil {
		return err
	}
	capacity, _ := k.Present[n].Capacity(to.Capacity)
	purpose, _ := l.purposes.get(c.Purpose)
	for _, i := range said.Items {
		if !(own.MayProcessBSN && capacity.MayProcessBSN) && i.Value.holdsBSN() {
			return refuse(BSNNotAllowed, "item", string(i.Item), "article", "5.4.2(5)")
		}
		for _, x := range k.Held {
			if x.ID != i.From {
				continue
			}
			j := Evaluate(x.Layers(), Onward{
				Item: i.Item, Depth: i.Depth, To: recipient, Purpose: c.Purpose, Phase: purpose.Phase, At: k.At, Told: k.Told, Orally: true,
				Permissions: x.granted(),
			})
			if err := (ItemJudgement{i.Item, j}).refusal(); err != nil && to != x.Source() {
				return err // who supplied it hears nothing new
			}
		}
	}
	return nil
}

// checkSaid holds what both sides hold of a contribution: that the items are
// those of who says them, at a depth that exists, and of categories that the
// purpose knows under his regime and that he may process.
func (l *Law) checkSaid(c Conference, said Contribution, by Capacity) error {
	purpose, err := l.conference(c.Purpose)
	if err != nil {
		return err
	}
	under, err := purpose.rule(by.Regime)
	if err != nil {
		return err
	}
	if len(said.Items) == 0 {
		return refuse(NothingAsked)
	}
	if len(said.Items) > maxItems {
		return refuse(TooMuchAsked)
	}
	content := 0
	for n, s := range said.Items {
		item, ok := l.items.get(s.Item)
		here := []string{"item", string(s.Item)}
		switch {
		case !ok:
			return refuse(UnknownItem, "number", strconv.Itoa(n+1))
		case slices.ContainsFunc(said.Items[:n], func(t Said) bool { return t.Item == s.Item }):
			return refuse(ItemTwice, here...)
		case s.Of == (PartyID{}) && item.Domain != by.Domain:
			return refuse(ItemNotHeld, append(here, "domain", string(by.Domain))...)
		case !known(under.Categories, item.Category):
			return refuse(CategoryForbidden, append(here, "purpose", string(c.Purpose), "category", string(item.Category), "article", purpose.Article)...)
		case !by.May(item.Category):
			return refuse(CategoryAsked, append(here, "category", string(item.Category), "article", purpose.Article)...)
		case s.Value.Blank():
			return refuse(ContentMissing, here...)
		}
		if _, ok := item.Depths[s.Depth]; !ok {
			return refuse(BadDepth, here...)
		}
		content += len(s.Value.Reveal())
	}
	if content > maxContent { // what is said, not a file
		return refuse(TooMuchContent)
	}
	return nil
}

// Say is the event of a contribution as it goes to one of those present.
func (c Conference) Say(said Contribution, to PartyID, at time.Time) Event {
	return c.event(ContributionIssued, "", at, to, Detail{Items: said.outline()})
}

// ReceiveContribution hears what another party says: while the conference goes
// on, and where both take part. before is how much that party said already.
func (c Conference) ReceiveContribution(law *Law, said Contribution, from Party, before int, at time.Time) (Event, error) {
	if err := c.open(at); err != nil {
		return Event{}, err
	}
	if !c.Attends(c.Own) || !c.Attends(said.By) || said.By == c.Own {
		return Event{}, refuse(NotPresent, "article", "5.4.3(2)")
	}
	if before >= maxContributions {
		return Event{}, refuse(NoMinutes, "article", "5.4.3(3)")
	}
	by, ok := from.Capacity(said.By.Capacity)
	if !ok {
		return Event{}, refuse(UnknownCapacity, "party", "sender", "capacity", string(said.By.Capacity))
	}
	if err := checkMoment(said.At, c.Begun, at); err != nil {
		return Event{}, err
	}
	if err := law.checkSaid(c, said, by); err != nil {
		return Event{}, err
	}
	return c.event(ContributionReceived, "", at, said.By, Detail{Items: said.outline()}), nil
}

func (s Contribution) outline() (notes []ItemNote) {
	for _, i := range s.Items {
		notes = append(notes, ItemNote{Item: i.Item, Depth: i.Depth})
	}
	return notes
}

// mayBe reports whether two ways to name a person can name the same one. By
// number and by name they can't be compared.
func (s Subject) mayBe(t Subject) bool {
	p, q := Person{BSN: s.BSN, Name: s.Name, Born: s.Born}, Person{BSN: t.BSN, Name: t.Name, Born: t.Born}
	comparable := !p.BSN.Zero() && !q.BSN.Zero() || !p.Name.Zero() && !q.Name.Zero()
	return !comparable || p.same(q)
}

// A Taking is the conference in which an item was said, for a request to take it
// along (art. 5.4.3(4)): the conference as one of the two holds it, and what who
// is asked said in it.
type Taking struct {
	Conference Conference
	Said       []Contribution
}

// check holds that a request takes along what was said: both took part, it is
// asked of who said it, no deeper than he said it, while the conference goes on.
// That it is necessary for the asker's own task, and that he may have it by his
// own authority, the rules of every request hold (requirements a and c); that who
// said it agrees, is the decision on it (b).
func (t Taking) check(r Request, at time.Time) error {
	c := t.Conference
	where := []string{"article", "5.4.3(4)"}
	if c.ID != r.Conference || c.ID == "" {
		return refuse(NotInvited, where...)
	}
	if err := c.open(at); err != nil {
		return err
	}
	if !c.Attends(r.From) || !c.Attends(r.To) {
		return refuse(NotPresent, where...)
	}
	if !c.Subject.mayBe(r.Subject) {
		return refuse(NotInCase, "field", "person")
	}
	for _, a := range r.Items {
		if !slices.ContainsFunc(t.Said, func(s Contribution) bool { return s.by(r.To, a) }) {
			return refuse(NotSaid, append([]string{"item", string(a.Item)}, where...)...)
		}
	}
	return nil
}

// by reports whether a party said an item, at least as deep as it is asked.
func (s Contribution) by(p PartyID, a AskedItem) bool {
	return s.By == p && slices.ContainsFunc(s.Items, func(i Said) bool { return i.Item == a.Item && i.Of == (PartyID{}) && a.Depth.Within(i.Depth) })
}
