package exchange

import (
	"slices"
	"time"
)

// A PermissionRequest (verzoek om toestemming) asks a party of the chain whether
// items that it supplied may be passed on to one recipient for one purpose.
type PermissionRequest struct {
	ID        ID
	Of        PartyID // who decides
	Holder    PartyID // who wants to pass on
	Recipient PartyID
	Purpose   PurposeCode
	Items     []ItemCode
	Why       Personal
	Asked     time.Time
	By        ActorID // at the holder: who asked
	State     PermissionState
	Granted   Permission // in state granted, and withdrawn
	Tell      Personal   // what the holder is told with a refusal
	Decided   time.Time
	Decider   ActorID // where it was decided
}

// A PermissionState is where a request for permission stands.
type PermissionState string

// The states of a request for permission.
const (
	PermissionAsked     PermissionState = "asked"
	PermissionGranted   PermissionState = "granted"
	PermissionDenied    PermissionState = "denied"
	PermissionWithdrawn PermissionState = "withdrawn"
	PermissionFailed    PermissionState = "failed" // the request did not reach who decides
)

// Bounds of permissions.
const (
	maxPermissions = 30                   // per exchange and per party that asks
	maxPermitted   = 366 * 24 * time.Hour // how long one holds
	maxUses        = 20
)

// A PermissionTerms is how far a permission goes.
type PermissionTerms struct {
	Until time.Time
	Uses  int
}

// AskPermission asks a party of the chain for permission to pass items on.
// Whom to ask follows from the conditions; where nobody needs to be asked, and
// where asking would not help, it is refused.
func (x Exchange) AskPermission(law *Law, r PermissionRequest, to Party, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.MayPassOn(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	p := PassingOn{ID: r.ID, To: to, In: r.Recipient.Capacity, Purpose: r.Purpose, Items: r.Items, Why: r.Why, Told: at}
	if err := law.checkPassing(x, p, own, at); err != nil {
		return Exchange{}, Event{}, err
	}
	judged, err := x.JudgePassing(law, p, at)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	wanted := false
	for _, j := range judged {
		if j.Verdict == Forbidden {
			return Exchange{}, Event{}, j.refusal()
		}
		wanted = wanted || known(j.Asks(), r.Of)
	}
	switch {
	case !wanted:
		return Exchange{}, Event{}, refuse(PermissionIdle, "of", r.Of.String())
	case x.askedBy(x.Own()) >= maxPermissions:
		return Exchange{}, Event{}, refuse(PermissionsBounded)
	}
	r.Holder, r.Asked, r.By, r.State = x.Own(), second(at), by.ID, PermissionAsked
	x.Permissions, x.Changed = append(slices.Clone(x.Permissions), r), at
	return x, x.about(PermissionRequestIssued, by.ID, at, r.Of, r.Purpose, r.detail()), nil
}

func (r PermissionRequest) detail() Detail {
	d := Detail{Permissions: []ID{r.ID}, Recipient: r.Recipient}
	for _, i := range r.Items {
		d.Items = append(d.Items, ItemNote{Item: i})
	}
	return d
}

// ReceivePermissionRequest records at who decides that he is asked.
func (x Exchange) ReceivePermissionRequest(law *Law, r PermissionRequest, at time.Time) (Exchange, Event, error) {
	if err := x.MayBeAskedPermission(); err != nil {
		return Exchange{}, Event{}, err
	}
	if x.askedBy(r.Holder) >= maxPermissions {
		return Exchange{}, Event{}, refuse(PermissionsBounded)
	}
	if _, ok := law.purposes.get(r.Purpose); !ok {
		return Exchange{}, Event{}, refuse(UnknownPurpose, "field", "purpose")
	}
	if len(r.Items) == 0 || len(r.Items) > maxItems || r.Of != x.Own() {
		return Exchange{}, Event{}, refuse(BadRequest, "field", "items")
	}
	for _, i := range r.Items {
		if x.depthOf(i) == "" {
			return Exchange{}, Event{}, refuse(NotHeld, "item", string(i))
		}
	}
	if err := checkText(r.Why, "why"); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := checkMoment(r.Asked, x.Begun, at); err != nil {
		return Exchange{}, Event{}, err
	}
	if slices.ContainsFunc(x.Permissions, func(p PermissionRequest) bool { return p.ID == r.ID }) {
		return Exchange{}, Event{}, refuse(BadRequest, "field", "id")
	}
	r.State = PermissionAsked
	x.Permissions = append(slices.Clone(x.Permissions), r)
	return x, x.about(PermissionRequestReceived, "", at, r.Holder, r.Purpose, r.detail()), nil
}

// MayBeAskedPermission holds that there is something that was supplied: what is
// weighed, or waits for a second person, is nobody else's to know.
func (x Exchange) MayBeAskedPermission() error {
	if x.Side == Supplier && x.Phase != Answered && x.Phase != Decided {
		return refuse(NotNow, "phase", string(Weighing))
	}
	return nil
}

// DecidePermission records what a professional decides on a request for
// permission: for how long and how often, or no, and what the other is told
// then. It is his judgement alone.
func (x Exchange) DecidePermission(law *Law, id ID, grant bool, terms PermissionTerms, tell Personal, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	n, err := x.permission(id, PermissionAsked)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.mayPermit(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Permissions = slices.Clone(x.Permissions)
	r := &x.Permissions[n]
	d := r.detail()
	r.Decided, r.Decider, r.State = second(at), by.ID, PermissionDenied
	switch {
	case !grant:
		if len(tell.Reveal()) > maxReason {
			return Exchange{}, Event{}, refuse(BadRequest, "field", "tell")
		}
		r.Tell = tell
	case terms.Uses < 1 || terms.Uses > maxUses:
		return Exchange{}, Event{}, refuse(BadPermission, "field", "uses")
	case !terms.Until.After(at) || terms.Until.Sub(at) > maxPermitted:
		return Exchange{}, Event{}, refuse(BadPermission, "field", "until")
	case !tell.Blank():
		return Exchange{}, Event{}, refuse(BadPermission, "field", "tell")
	default:
		r.State = PermissionGranted
		r.Granted = Permission{
			ID: id, By: x.Own(), Holder: r.Holder, Recipient: r.Recipient, Purpose: r.Purpose, Items: r.Items, At: second(at),
			Until: second(terms.Until), Uses: terms.Uses,
		}
	}
	d.Code = string(r.State)
	x.Changed = at
	return x, x.about(PermissionDecided, by.ID, at, r.Holder, r.Purpose, d), nil
}

// IssuePermission is the event of the message that tells the decision.
func (x Exchange) IssuePermission(id ID, at time.Time) Event {
	for _, r := range x.Permissions {
		if r.ID == id {
			return x.about(PermissionIssued, "", at, r.Holder, r.Purpose, Detail{Permissions: []ID{id}})
		}
	}
	return Event{}
}

// ReceivePermission records at the holder what was decided. What is granted
// must be what was asked: the signed message is what others will check.
func (x Exchange) ReceivePermission(id ID, from PartyID, granted *Permission, tell Personal, at time.Time) (Exchange, Event, error) {
	n, err := x.permission(id, PermissionAsked)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	x.Permissions = slices.Clone(x.Permissions)
	r := &x.Permissions[n]
	if r.Of != from {
		return Exchange{}, Event{}, refuse(BadPermission, "field", "by")
	}
	r.Decided, r.State, r.Tell = second(at), PermissionDenied, tell
	if granted != nil {
		if granted.Recipient != r.Recipient || granted.Purpose != r.Purpose || granted.Uses < 1 ||
			slices.ContainsFunc(granted.Items, func(i ItemCode) bool { return !known(r.Items, i) }) {
			return Exchange{}, Event{}, refuse(BadPermission)
		}
		r.State, r.Granted = PermissionGranted, *granted
		r.Granted.Used = 0
	}
	x.Changed = at
	d := r.detail()
	d.Code = string(r.State)
	return x, x.about(PermissionReceived, "", at, from, r.Purpose, d), nil
}

// WithdrawPermission takes a permission back (intrekken): it can't be used from
// now on. What was passed on before stays where it is.
func (x Exchange) WithdrawPermission(law *Law, id ID, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	n, err := x.permission(id, PermissionGranted)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	if x.Permissions[n].Of != x.Own() {
		return Exchange{}, Event{}, refuse(WrongSide)
	}
	if err := x.mayPermit(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	return x.takeBack(n, PermissionWithdrawalIssued, x.Permissions[n].Holder, by.ID, at)
}

// ReceivePermissionWithdrawal records at the holder that a permission was taken
// back.
func (x Exchange) ReceivePermissionWithdrawal(id ID, from PartyID, at time.Time) (Exchange, Event, error) {
	n, err := x.permission(id, PermissionGranted)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	if x.Permissions[n].Of != from {
		return Exchange{}, Event{}, refuse(BadPermission, "field", "by")
	}
	return x.takeBack(n, PermissionWithdrawalReceived, from, "", at)
}

func (x Exchange) takeBack(n int, kind EventKind, other PartyID, by ActorID, at time.Time) (Exchange, Event, error) {
	x.Permissions = slices.Clone(x.Permissions)
	r := &x.Permissions[n]
	r.State, r.Granted.Withdrawn, x.Changed = PermissionWithdrawn, second(at), at
	return x, x.about(kind, by, at, other, r.Purpose, Detail{Permissions: []ID{r.ID}}), nil
}

// PermissionLost records that a request for permission did not reach who
// decides.
func (x Exchange) PermissionLost(id ID) Exchange {
	if n, err := x.permission(id, PermissionAsked); err == nil {
		x.Permissions = slices.Clone(x.Permissions)
		x.Permissions[n].State = PermissionFailed
	}
	return x
}

// mayPermit holds that the actor may decide on what happens to what was
// supplied: at the source who decides on requests, at a passer who asks.
func (x Exchange) mayPermit(law *Law, own Party, by Actor) error {
	if x.Side == Supplier {
		_, _, err := law.WeighingOf(x.Request, own, by)
		return err
	}
	return x.mayAskFor(law, own, by)
}

func (x Exchange) permission(id ID, state PermissionState) (int, error) {
	for n, r := range x.Permissions {
		if r.ID != id {
			continue
		}
		if r.State != state {
			return 0, refuse(PermissionNotNow, "state", string(r.State))
		}
		return n, nil
	}
	return 0, refuse(UnknownPermission)
}

// granted are the permissions that we have.
func (x Exchange) granted() (all []Permission) {
	for _, r := range x.Permissions {
		if r.State == PermissionGranted && r.Holder == x.Own() {
			all = append(all, r.Granted)
		}
	}
	return all
}

// askedBy counts the requests for permission that a party made.
func (x Exchange) askedBy(p PartyID) (n int) {
	for _, r := range x.Permissions {
		if r.Holder == p {
			n++
		}
	}
	return n
}

// AskedOfUs is how many requests for permission wait for a decision of ours.
func (x Exchange) AskedOfUs() (n int) {
	for _, r := range x.Permissions {
		if r.State == PermissionAsked && r.Of == x.Own() {
			n++
		}
	}
	return n
}

// FirstAsked is the first request for permission that waits for a decision of
// ours.
func (x Exchange) FirstAsked() (PermissionRequest, bool) {
	for _, r := range x.Permissions {
		if r.State == PermissionAsked && r.Of == x.Own() {
			return r, true
		}
	}
	return PermissionRequest{}, false
}

// Awaited is how many permissions that we asked for are not decided yet.
func (x Exchange) Awaited() (n int) {
	for _, r := range x.Permissions {
		if r.State == PermissionAsked && r.Holder == x.Own() {
			n++
		}
	}
	return n
}

// used are the permissions, by number, that a passing rests on: of each party
// that must be asked about an item, the first that covers it.
func (x Exchange) used(p PassingOn, to PartyID, at time.Time) (numbers []int) {
	for _, l := range x.Layers() {
		for _, code := range p.Items {
			for _, c := range about(l.Conditions, code) {
				if c.Code != AskFirst && c.Code != AskEachTime {
					continue
				}
				u := Onward{Item: code, To: Recipient{Party: to}, Purpose: p.Purpose, At: at}
				n := slices.IndexFunc(x.Permissions, func(r PermissionRequest) bool {
					return r.State == PermissionGranted && r.Holder == x.Own() && r.Of == l.By && r.Granted.lets(u, c.Code == AskEachTime)
				})
				if n >= 0 && !known(numbers, n) {
					numbers = append(numbers, n)
				}
			}
		}
	}
	return numbers
}

func (x Exchange) permissionIDs(numbers []int) (ids []ID) {
	for _, n := range numbers {
		ids = append(ids, x.Permissions[n].ID)
	}
	return ids
}
