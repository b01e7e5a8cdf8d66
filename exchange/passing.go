package exchange

import (
	"slices"
	"time"
)

// A Passing (doorverstrekking) is one onward disclosure: items that we were
// supplied with, to one other party, for one purpose. At the passer it is what
// he did; at the source and at everybody between, what a notice told of it.
type Passing struct {
	ID         ID
	From, To   PartyID
	Purpose    PurposeCode
	Items      []ItemCode
	Why        Personal
	Told       time.Time // when the client was told; zero for not
	Conditions []Condition
	At         time.Time
	By         ActorID // at the passer
	// Permissions are the requests for permission that it rests on, at the passer.
	Permissions []ID
	State       PassingState
	Code        string // why the other node did not accept it
	// Breach says that a notice tells of a passing that our conditions do not
	// allow, as far as we can see.
	Breach bool
	// ByNumber says that it names the person by BSN, at the passer.
	ByNumber bool
}

// A PassingState is where a passing stands.
type PassingState string

// The states of a passing.
const (
	PassingQueued    PassingState = "queued"    // at the passer: on its way
	PassingDelivered PassingState = "delivered" // at the passer: received, and proved so
	PassingRejected  PassingState = "rejected"  // at the passer: the recipient's node did not accept it
	PassingExpired   PassingState = "expired"   // at the passer: could not be delivered in time
	PassingNoticed   PassingState = "noticed"   // at who supplied it: a notice told of it
)

// Bounds of what is remembered of one exchange: what we passed on, and what one
// other party told us of. More is a habit, and the law knows no systematic
// exchange. What somebody tells us does not keep us from passing on.
const (
	maxPassings = 100
	maxNoticed  = 100
)

// passedBy counts the passings that a party made.
func (x Exchange) passedBy(p PartyID) (n int) {
	for _, q := range x.Passings {
		if q.From == p {
			n++
		}
	}
	return n
}

// A PassingOn is a passing that somebody wants to make.
type PassingOn struct {
	ID         ID
	To         Party
	In         CapacityCode // of the recipient
	Purpose    PurposeCode
	Items      []ItemCode
	Why        Personal
	Told       time.Time
	Conditions []Condition // that the passer adds
}

// An ItemJudgement is whether one item may be passed on.
type ItemJudgement struct {
	Item ItemCode
	Judgement
}

// JudgePassing says per item whether it may be passed on now, and what stands
// in the way: what a person sees before he decides to.
func (x Exchange) JudgePassing(law *Law, p PassingOn, at time.Time) ([]ItemJudgement, error) {
	to, err := RecipientOf(p.To, p.In)
	if err != nil {
		return nil, err
	}
	purpose, ok := law.purposes.get(p.Purpose)
	if !ok {
		return nil, refuse(UnknownPurpose, "field", "purpose")
	}
	if len(p.Items) == 0 {
		return nil, refuse(NothingAsked)
	}
	var all []ItemJudgement
	for n, code := range p.Items {
		item, ok := x.Holds(code)
		if !ok {
			return nil, refuse(NotHeld, "item", string(code))
		}
		if known(p.Items[:n], code) {
			return nil, refuse(ItemTwice, "item", string(code))
		}
		all = append(all, ItemJudgement{code, Evaluate(x.Layers(), Onward{
			Item: code, Depth: item.Depth, To: to, Purpose: p.Purpose, Phase: purpose.Phase, At: at, Told: p.Told, Permissions: x.granted(),
		})})
	}
	return all, nil
}

// PassOn passes items on to another party (doorverstrekken). It refuses what the
// law does not let the recipient have, and what a condition of anybody in the
// chain forbids or wants permission for (I2). A permission that it rests on is
// used up by one.
func (x Exchange) PassOn(law *Law, p PassingOn, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.MayPassOn(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := law.checkPassing(x, p, own, at); err != nil {
		return Exchange{}, Event{}, err
	}
	judged, err := x.JudgePassing(law, p, at)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	for _, j := range judged {
		if err := j.refusal(); err != nil {
			return Exchange{}, Event{}, err
		}
	}
	to := PartyID{OIN: p.To.OIN, Capacity: p.In}
	used := x.used(p, to, at)
	x.Permissions = slices.Clone(x.Permissions)
	for _, n := range used {
		x.Permissions[n].Granted.Used++
	}
	x.Passings = append(slices.Clone(x.Passings), Passing{
		ID: p.ID, From: x.Own(), To: to, Purpose: p.Purpose, Items: slices.Clone(p.Items), Why: p.Why, Told: p.Told, Conditions: p.Conditions,
		At: at, By: by.ID, Permissions: x.permissionIDs(used), State: PassingQueued,
	})
	x.Changed = at
	return x, x.about(PassingIssued, by.ID, at, to, p.Purpose, Detail{
		Items: x.notes(p.Items), Conditions: conditionCodes(p.Conditions), Passing: p.ID, Permissions: x.permissionIDs(used),
	}), nil
}

// checkPassing holds what does not depend on conditions: whether the recipient
// may have it for this purpose, and the form.
func (l *Law) checkPassing(x Exchange, p PassingOn, own Party, at time.Time) error {
	to := PartyID{OIN: p.To.OIN, Capacity: p.In}
	switch {
	case to == x.Own():
		return refuse(SelfAsked)
	case x.passedBy(x.Own()) >= maxPassings || len(x.Provenance.Links) >= maxLinks:
		return refuse(PassingsBounded)
	case p.Told.After(at):
		return refuse(BadMoment, "field", "clientTold")
	}
	if err := checkText(p.Why, "why"); err != nil {
		return err
	}
	if err := checkConditions(p.Conditions); err != nil {
		return err
	}
	if err := checkDays(p.Conditions, at); err != nil {
		return err
	}
	var passed []SuppliedItem
	for _, code := range p.Items {
		if i, ok := x.Holds(code); ok {
			passed = append(passed, SuppliedItem{Item: code, Depth: i.Depth})
		}
	}
	if err := first(l.ExamineConditions(passed, p.Conditions)); err != nil {
		return err
	}
	return l.checkReach(x, p, own)
}

// checkReach holds that the law lets the recipient have the items from us for
// this purpose, and that nothing in them is what he may not process.
func (l *Law) checkReach(x Exchange, p PassingOn, own Party) error {
	r := Request{From: PartyID{OIN: p.To.OIN, Capacity: p.In}, To: x.Own(), Purpose: p.Purpose, Subject: x.Request.Subject}
	between, err := r.between(p.To, own)
	if err != nil {
		return err
	}
	if !between.mayHaveBSN() && p.Why.holdsBSN() {
		return refuse(BSNNotAllowed, "field", "why", "article", "5.4.2(5)")
	}
	for _, code := range p.Items {
		if i, _ := x.Holds(code); !between.mayHaveBSN() && i.Value.holdsBSN() {
			return refuse(BSNNotAllowed, "item", string(code), "article", "5.4.2(5)")
		}
	}
	r.Subject.BSN = BSN{} // how the person is named is chosen when it is sent
	return l.checkRights(r, p.To, own, p.Items)
}

// MayPassOn holds that somebody may pass on what is in this exchange at all: it
// was answered, and his task lets him.
func (x Exchange) MayPassOn(law *Law, own Party, by Actor) error {
	if err := x.now(Asker, Answered); err != nil {
		return err
	}
	return x.mayAskFor(law, own, by)
}

// Reach lists the items that we hold and may read, and that the law lets a party
// have from us for a purpose. What the conditions say of them is for
// [Exchange.JudgePassing].
func (x Exchange) Reach(law *Law, to Party, in CapacityCode, purpose PurposeCode, own Party) (items []ItemCode) {
	if (PartyID{OIN: to.OIN, Capacity: in}) == x.Own() {
		return nil
	}
	for _, code := range x.Given() {
		p := PassingOn{To: to, In: in, Purpose: purpose, Items: []ItemCode{code}}
		if _, held := x.Holds(code); held && law.checkReach(x, p, own) == nil {
			items = append(items, code)
		}
	}
	return items
}

// refusal is why an item may not be passed on, or nil.
func (j ItemJudgement) refusal() error {
	if j.Verdict == Permitted {
		return nil
	}
	code := OnwardForbidden
	if j.Verdict == NeedsPermission {
		code = OnwardNeedsPermission
	}
	for _, o := range j.Because {
		if o.Verdict == j.Verdict {
			return refuse(code, "item", string(j.Item), "condition", string(o.Condition.Code), "of", o.By.String(), "article", "5.4.2")
		}
	}
	return refuse(code, "item", string(j.Item))
}

// notes are items with the depth at which we hold them.
func (x Exchange) notes(items []ItemCode) (all []ItemNote) {
	for _, code := range items {
		i, _ := x.Holds(code)
		all = append(all, ItemNote{Item: code, Depth: i.Depth})
	}
	return all
}

// An Arrival is what another party passed on to us, as its message says: every
// signature in it was checked, nothing of the law.
type Arrival struct {
	ID         ID
	From, To   PartyID
	Purpose    PurposeCode
	Why        Personal
	Subject    Subject
	Provenance Provenance // with the link that brought it here
	Answer     Answer     // the items, and the conditions of the source
	// Permissions are those that came along, with how often this node has seen
	// each used before.
	Permissions []Permission
	// Source and Recipients are the source, and the recipients of the links, as the
	// register has them.
	Source     Recipient
	Recipients []Recipient
}

// Arrive takes what was passed on to us (ontvangst). It trusts nobody on the
// way: it refuses items that the law does not let us have, and a chain in which
// any link broke a condition, or lacks a permission that was wanted (I2).
func Arrive(law *Law, a Arrival, from, own Party, at time.Time) (Exchange, Event, error) {
	links := a.Provenance.Links
	switch {
	case len(links) == 0 || len(links) > maxLinks || len(a.Recipients) != len(links) || a.Provenance.Supplier == links[0].From:
		return Exchange{}, Event{}, refuse(BadChain)
	case len(a.Answer.Items) == 0:
		return Exchange{}, Event{}, refuse(NothingAsked)
	}
	r := Request{
		ID: a.ID, From: a.To, To: a.From, Purpose: a.Purpose, Specific: a.Why, Subject: a.Subject, Due: second(at),
	}
	var codes []ItemCode
	for _, i := range a.Answer.Items {
		if i.Outcome != Supply || i.Value.Blank() {
			return Exchange{}, Event{}, refuse(BadOutcome, "item", string(i.Item))
		}
		if known(codes, i.Item) {
			return Exchange{}, Event{}, refuse(ItemTwice, "item", string(i.Item))
		}
		// A source that does not work in the domain of the item does not hold it:
		// somebody passes for the source.
		if item, ok := law.items.get(i.Item); !ok || item.Domain != a.Source.Domain {
			return Exchange{}, Event{}, refuse(ItemNotHeld, "item", string(i.Item), "domain", string(a.Source.Domain))
		}
		codes = append(codes, i.Item)
		r.Items = append(r.Items, AskedItem{Item: i.Item, Depth: i.Depth, Why: a.Why})
	}
	if err := checkText(a.Why, "why"); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := law.checkRights(r, own, from, codes); err != nil {
		return Exchange{}, Event{}, err
	}
	between, err := r.between(own, from)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	if err := a.Subject.check(between.Asker, between.Asked); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := CheckNumber(between.Asker, a.Why, "field", "why"); err != nil {
		return Exchange{}, Event{}, err
	}
	for _, i := range a.Answer.Items {
		if err := CheckNumber(between.Asker, i.Value, "item", string(i.Item)); err != nil {
			return Exchange{}, Event{}, err
		}
	}
	if err := checkMoment(links[len(links)-1].At, a.Provenance.Decided, at); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := a.checkChain(law, at); err != nil {
		return Exchange{}, Event{}, err
	}
	x := Exchange{
		ID: a.ID, Side: Asker, Phase: Answered, Request: r, ByNumber: between.mayHaveBSN(), Answer: a.Answer, Provenance: a.Provenance,
		Begun: at, Changed: at,
	}
	return x, x.about(PassingReceived, "", at, a.From, a.Purpose, Detail{
		Items: x.notes(codes), Conditions: conditionCodes(a.Answer.Conditions), Passing: a.ID,
	}), nil
}

// checkChain judges every link as if it were the passer's own node: each by
// what everybody before it wants. The last is judged by our own clock: a passer
// could choose an earlier one, at which a permission still held.
func (a Arrival) checkChain(law *Law, now time.Time) error {
	holder, before := PartyID{}, a.Provenance.Decided
	layers := []Layer{{By: a.Provenance.Supplier, Conditions: a.Answer.Conditions}}
	for n, l := range a.Provenance.Links {
		purpose, ok := law.purposes.get(l.Purpose)
		switch {
		case !ok:
			return refuse(UnknownPurpose, "field", "purpose")
		case n > 0 && l.From != holder, l.At.Before(before.Add(-Skew)):
			return refuse(BadChain)
		}
		at := l.At
		if n == len(a.Provenance.Links)-1 && now.After(at) {
			at = now
		}
		for _, i := range a.Answer.Items {
			var theirs []Permission
			for _, p := range a.Permissions {
				if p.Holder == l.From {
					theirs = append(theirs, p)
				}
			}
			j := Evaluate(layers, Onward{
				Item: i.Item, Depth: i.Depth, To: a.Recipients[n], Purpose: l.Purpose, Phase: purpose.Phase, At: at, Told: l.Told, Permissions: theirs,
			})
			if err := (ItemJudgement{i.Item, j}).refusal(); err != nil {
				return err
			}
		}
		layers = append(layers, Layer{By: l.From, Conditions: l.Conditions})
		holder, before = l.To, l.At
	}
	if last := a.Provenance.Links[len(a.Provenance.Links)-1]; last.ID != a.ID || last.From != a.From || last.To != a.To || last.Purpose != a.Purpose {
		return refuse(BadChain)
	}
	return nil
}

// A Notice (bericht van doorverstrekking) tells who supplied something where it
// went on.
type Notice struct {
	From    PartyID // who tells it: the passer
	Link    Link    // the passing
	Before  []Link  // between us and it, oldest first
	Items   []ItemCode
	To      Recipient
	Phase   PhaseCode
	Granted []Permission // of ours, that it rests on
	// Again says that we were told of the very same passing before. A passer that
	// went back to a backup from before his notice does not know that he told us.
	Again bool
}

// ReceiveNotice records at the source, or at who passed it on before, where
// something went. What is told is true or not, it is recorded; that our
// conditions do not allow it is recorded with it. What is told again is recorded
// again and listed once; another passing under the same ID is refused (bad-chain).
func (x Exchange) ReceiveNotice(law *Law, n Notice, at time.Time) (Exchange, Event, error) {
	if !n.Again && slices.ContainsFunc(x.Passings, func(p Passing) bool { return p.ID == n.Link.ID && p.From == n.Link.From }) {
		return Exchange{}, Event{}, refuse(BadChain)
	}
	purpose, ok := law.purposes.get(n.Link.Purpose)
	if !ok {
		return Exchange{}, Event{}, refuse(UnknownPurpose, "field", "purpose")
	}
	p := Passing{
		ID: n.Link.ID, From: n.Link.From, To: n.Link.To, Purpose: n.Link.Purpose, Items: n.Items, Told: n.Link.Told, Conditions: n.Link.Conditions,
		At: n.Link.At, State: PassingNoticed,
	}
	wanted := x.wanted(n.Before)
	for _, code := range n.Items {
		depth := x.depthOf(code)
		if depth == "" {
			p.Breach = true // it is not what we supplied
			continue
		}
		j := Evaluate(wanted, Onward{
			Item: code, Depth: depth, To: n.To, Purpose: n.Link.Purpose, Phase: purpose.Phase, At: n.Link.At, Told: n.Link.Told, Permissions: n.Granted,
		})
		p.Breach = p.Breach || j.Verdict != Permitted
	}
	if !n.Again && x.passedBy(p.From) < maxNoticed {
		x.Passings = append(slices.Clone(x.Passings), p)
	} // else it stands in the ledger, and not in our list
	d := Detail{Passing: p.ID, Recipient: p.To}
	for _, code := range n.Items {
		d.Items = append(d.Items, ItemNote{Item: code, Depth: x.depthOf(code)})
	}
	if p.Breach {
		d.Code = string(ConditionBroken)
	}
	return x, x.about(NoticeReceived, "", at, n.From, p.Purpose, d), nil
}

// wanted is our own layer: what we want of everybody after us.
func (x Exchange) wanted(between []Link) []Layer {
	if x.Side == Supplier {
		return []Layer{{By: x.Own(), Conditions: x.Decision.Conditions}}
	}
	for _, l := range between {
		if l.From == x.Own() {
			return []Layer{{By: x.Own(), Conditions: l.Conditions}}
		}
	}
	return nil
}

func (x Exchange) depthOf(code ItemCode) Depth {
	if x.Side == Supplier {
		i, _ := x.supplied(code)
		return i.Depth
	}
	for _, i := range x.Answer.Items {
		if i.Item == code && i.Outcome == Supply {
			return i.Depth
		}
	}
	return ""
}

// PassingIs records how a passing of ours ended: that it arrived, was not
// accepted, or could not be delivered in time.
func (x Exchange) PassingIs(id ID, state PassingState, code string) Exchange {
	x.Passings = slices.Clone(x.Passings)
	for n := range x.Passings {
		if x.Passings[n].ID == id {
			x.Passings[n].State, x.Passings[n].Code = state, code
		}
	}
	return x
}

// NoticeOf is the event of telling who supplied something where it went on.
func (x Exchange) NoticeOf(p Passing, to PartyID, at time.Time) Event {
	d := Detail{Passing: p.ID, Recipient: p.To}
	for _, code := range p.Items {
		d.Items = append(d.Items, ItemNote{Item: code, Depth: x.depthOf(code)})
	}
	return x.about(NoticeIssued, "", at, to, p.Purpose, d)
}

// about is an event of what goes on with the data after the answer.
func (x Exchange) about(kind EventKind, by ActorID, at time.Time, other PartyID, purpose PurposeCode, d Detail) Event {
	return Event{Kind: kind, Exchange: x.Topic(), Own: x.Own(), Other: other, Purpose: purpose, At: at, By: by, Detail: d}
}

// Arrived records that a message about what goes on with the data was received
// by the other party, who proved it: id is that of the message.
func (x Exchange) Arrived(m MessageKind, id ID, to PartyID, at time.Time) (Exchange, Event) {
	switch m {
	case PassingMessage:
		x = x.PassingIs(id, PassingDelivered, "")
	case CorrectionMessage:
		x = x.CorrectionIs(id, PassingDelivered)
	}
	x.Changed = at
	return x, x.about(ReceiptReceived, "", at, to, "", Detail{})
}

// Lost records that such a message did not arrive: the other node did not accept
// it, with its code, or it could not be delivered in time.
func (x Exchange) Lost(m MessageKind, id ID, to PartyID, state PassingState, code string, at time.Time) (Exchange, Event) {
	d := Detail{Code: code}
	switch m {
	case PassingMessage:
		x = x.PassingIs(id, state, code)
		d.Passing = id
	case CorrectionMessage:
		x = x.CorrectionIs(id, state)
	case PermissionRequestMessage:
		x = x.PermissionLost(id)
	}
	x.Changed = at
	kind := MessageRejected
	if state == PassingExpired {
		kind = MessageExpired
	}
	return x, x.about(kind, "", at, to, "", d)
}

// MayStillPass holds, at the moment that a passing leaves, what it rests on: the
// rights of both parties, permissions that were not taken back meanwhile, and
// items that may still be read.
func (x Exchange) MayStillPass(law *Law, id ID, own, to Party) error {
	n := slices.IndexFunc(x.Passings, func(p Passing) bool { return p.ID == id })
	if n < 0 {
		return refuse(BadChain)
	}
	p := x.Passings[n]
	for _, code := range p.Items {
		if _, ok := x.Holds(code); !ok {
			return refuse(NotHeld, "item", string(code))
		}
	}
	for _, r := range x.Permissions {
		if known(p.Permissions, r.ID) && r.State != PermissionGranted {
			return refuse(OnwardNeedsPermission, "of", r.Of.String(), "article", "5.4.2")
		}
	}
	if err := law.checkRights(Request{From: p.To, To: p.From, Purpose: p.Purpose}, to, own, p.Items); err != nil {
		return err
	}
	recipient, _ := to.Capacity(p.To.Capacity)
	if p.ByNumber && !recipient.MayProcessBSN {
		return refuse(BSNNotAllowed, "field", "bsn", "article", "5.4.2(5)")
	}
	for _, code := range p.Items {
		i, _ := x.Holds(code)
		if err := CheckNumber(recipient, i.Value, "item", string(code)); err != nil {
			return err
		}
	}
	return CheckNumber(recipient, p.Why, "field", "why")
}
