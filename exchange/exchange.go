// Package exchange is the law of a data exchange as a program: who may ask
// what of whom and why, how a professional decides, what may be supplied and
// under which conditions.
//
// # The life of an exchange
//
// A [Case] (casus) begins with a trigger. An [Exchange] is one [Request]
// (verzoek) in it to one party and all that follows from it. Both parties hold their own copy, each seen from its own [Side]:
//
//	asker:     queued -> delivered [-> clarifying -> delivered] -> answered | refused
//	supplier:  weighing [-> clarifying -> weighing] [-> proposed] -> decided -> answered | refused
//
// A question back stops the clock (clarifying); where two must see a decision,
// it is proposed until the second has.
//
// Withdrawn can follow from every phase before the answer is delivered,
// expired only from a phase in which this side is waiting to deliver a message,
// and rejected when the other party's node did not accept the message.
//
// # How to read the code
//
// Every step is one method. It receives all it may depend on: the [Law] in
// force, the person who acts, and the time. It returns the exchange as it is
// afterwards and the [Event] that must be recorded together with it, or a
// [Refusal] and nothing has changed. Whoever stores the exchange stores the
// event in the same transaction, or neither.
//
// # What this package does not know
//
// Keys, clocks, files, networks, databases, and which article says what: the
// articles are data, see [Law]. It imports the standard library only and
// starts no goroutine, so a test needs nothing but values.
package exchange

import (
	"slices"
	"time"
)

// An Exchange is one request to one party and all that follows from it, as one
// of the two parties sees it.
//
// It is a value: a method returns a changed copy. The zero Exchange is not
// valid; [Ask] starts one at the asker, [Accept] at the supplier.
type Exchange struct {
	ID      ID
	Side    Side
	Phase   Phase
	Request Request
	// ByNumber says that both parties may process the citizen service number
	// (art. 5.4.2(5)), as the register listed them when the request was made.
	ByNumber bool
	// Broad is why many parties are asked at once, at the asker.
	Broad          Personal
	Assignment     Assignment      // at the supplier: who decides; zero for anybody who may
	Weighing       Steps           // at the supplier: the steps taken so far
	Clarifications []Clarification // at both
	Advice         []Advice        // at the supplier: of the privacy officer, oldest first
	Decision       Decision        // at the supplier, from Proposed on; zero before
	Returned       Personal        // at the supplier: why a second person gave the decision back
	Answer         Answer          // at the asker, from Answered or Refused on; zero before
	Provenance     Provenance      // at who got it passed on: where it comes from
	Passings       []Passing       // where it went on, oldest first
	Permissions    []PermissionRequest
	Corrections    []Correction
	Rejected       string    // error code of the other party's node, in Rejected
	Begun          time.Time // when it was asked or came in, by our own clock
	Changed        time.Time // when the last step was taken
}

// A Side is the place of a party in an exchange.
type Side string

// The two sides of an exchange.
const (
	Asker    Side = "asker"    // vragende partij
	Supplier Side = "supplier" // verstrekkende partij
)

// A Phase is where an exchange stands, seen from one side.
type Phase string

// The phases of an exchange, with the side that can be in it.
const (
	Queued     Phase = "queued"     // asker: not yet received by the other party
	Delivered  Phase = "delivered"  // asker: the other party's receipt has been verified
	Weighing   Phase = "weighing"   // supplier: a professional has to decide (weging)
	Clarifying Phase = "clarifying" // both: the supplier asked a question back (verduidelijking)
	Proposed   Phase = "proposed"   // supplier: a second person has to see the decision (vier ogen)
	Decided    Phase = "decided"    // supplier: decided, the answer is on its way
	Answered   Phase = "answered"   // both: at least one item was supplied
	Refused    Phase = "refused"    // both: every item was withheld
	Withdrawn  Phase = "withdrawn"  // both: the asker took the request back
	Expired    Phase = "expired"    // asker or supplier: could not be delivered in time
	Rejected   Phase = "rejected"   // asker or supplier: the other node did not accept the message
)

// Ended reports whether no step can follow.
func (p Phase) Ended() bool {
	switch p {
	case Answered, Refused, Withdrawn, Expired, Rejected:
		return true
	}
	return false
}

// Accept starts the supplier's side of an exchange on an incoming request,
// after the same checks that the asker made: neither node relies on the other.
func Accept(law *Law, r Request, from, to Party, at time.Time) (Exchange, Event, error) {
	if r.Conference != "" {
		return Exchange{}, Event{}, refuse(NotSaid, "article", "5.4.3(4)") // see AcceptTaking
	}
	return accept(law, r, from, to, at)
}

func accept(law *Law, r Request, from, to Party, at time.Time) (Exchange, Event, error) {
	if err := law.CheckRequest(r, from, to, at); err != nil {
		return Exchange{}, Event{}, err
	}
	between, err := r.between(from, to)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	x := Exchange{ID: r.ID, Side: Supplier, Phase: Weighing, Request: r, ByNumber: between.mayHaveBSN(), Begun: at, Changed: at}
	return x, x.event(RequestReceived, "", at, Detail{Items: r.outline()}), nil
}

// AcceptTaking is [Accept] of a request to take along what we said in a
// conference: no other may be taken so.
func AcceptTaking(law *Law, r Request, t Taking, from, to Party, at time.Time) (Exchange, Event, error) {
	if err := t.check(r, at); err != nil {
		return Exchange{}, Event{}, err
	}
	return accept(law, r, from, to, at)
}

// A MessageKind names what one party sends the other in an exchange.
type MessageKind string

// The messages that are delivered.
const (
	RequestMessage    MessageKind = "request"
	AnswerMessage     MessageKind = "answer"
	WithdrawalMessage MessageKind = "withdrawal"
	QuestionMessage   MessageKind = "question"
	ReplyMessage      MessageKind = "reply"

	// Of what goes on with the data after the answer.
	PermissionRequestMessage    MessageKind = "permission-request"
	PermissionMessage           MessageKind = "permission"
	PermissionWithdrawalMessage MessageKind = "permission-withdrawal"
	PassingMessage              MessageKind = "passing"
	NoticeMessage               MessageKind = "notice"
	CorrectionMessage           MessageKind = "correction"

	// Of a case conference.
	InvitationMessage       MessageKind = "conference-invitation"
	ConferenceAnswerMessage MessageKind = "conference-answer"
	ContributionMessage     MessageKind = "conference-contribution"
	ClosingMessage          MessageKind = "conference-closing"
)

// Deliver records that the other party's receipt for our message has been
// verified.
func (x Exchange) Deliver(m MessageKind, at time.Time) (Exchange, Event, error) {
	if err := x.sends(m); err != nil {
		return Exchange{}, Event{}, err
	}
	switch {
	case m == RequestMessage && x.Phase == Queued:
		x.Phase = Delivered
	case m == AnswerMessage && x.Phase == Decided:
		x.Phase = x.Decision.outcome()
	default:
		// Something overtook the receipt: it is recorded all the same.
	}
	x.Changed = at
	return x, x.event(ReceiptReceived, "", at, Detail{}), nil
}

// Reject records that the other party's node did not accept our message, with
// the code that it gave.
func (x Exchange) Reject(m MessageKind, code string, at time.Time) (Exchange, Event, error) {
	if err := x.sends(m); err != nil {
		return Exchange{}, Event{}, err
	}
	if x.waitsFor(m) {
		x.Phase, x.Rejected = Rejected, code
	}
	if m == QuestionMessage {
		x = x.questionFailed()
	}
	x.Changed = at
	return x, x.event(MessageRejected, "", at, Detail{Code: code}), nil
}

// Expire records that our message could not be delivered before it expired.
func (x Exchange) Expire(m MessageKind, at time.Time) (Exchange, Event, error) {
	if err := x.sends(m); err != nil {
		return Exchange{}, Event{}, err
	}
	if x.waitsFor(m) {
		x.Phase = Expired
	}
	if m == QuestionMessage {
		x = x.questionFailed()
	}
	x.Changed = at
	return x, x.event(MessageExpired, "", at, Detail{}), nil
}

// sends holds that a message is one that this side sends, and has sent.
func (x Exchange) sends(m MessageKind) error {
	ours := map[Side][]MessageKind{Asker: {RequestMessage, WithdrawalMessage, ReplyMessage}, Supplier: {AnswerMessage, QuestionMessage}}
	switch {
	case !known(ours[x.Side], m):
		return refuse(WrongSide)
	case m == WithdrawalMessage && x.Phase != Withdrawn,
		m == AnswerMessage && !known([]Phase{Decided, Withdrawn, Answered, Refused}, x.Phase),
		(m == QuestionMessage || m == ReplyMessage) && len(x.Clarifications) == 0:
		return refuse(NotNow, "phase", string(x.Phase))
	}
	return nil
}

// waitsFor reports whether the exchange can't go on without this message.
func (x Exchange) waitsFor(m MessageKind) bool {
	return m == RequestMessage && x.Phase == Queued || m == AnswerMessage && x.Phase == Decided
}

// now holds that a step is one of this side, and then that it can be taken in
// this phase: on the other side it never can.
func (x Exchange) now(side Side, phases ...Phase) error {
	switch {
	case x.Side != side:
		return refuse(WrongSide)
	case !known(phases, x.Phase):
		return refuse(NotNow, "phase", string(x.Phase))
	}
	return nil
}

// Withdraw takes a request back at the asker (intrekken). An answer that
// arrives afterwards is not accepted.
func (x Exchange) Withdraw(law *Law, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.now(Asker, Queued, Delivered, Clarifying); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.mayAskFor(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Phase, x.Changed = Withdrawn, at
	return x, x.event(WithdrawalIssued, by.ID, at, Detail{}), nil
}

func (x Exchange) mayAskFor(law *Law, own Party, by Actor) error {
	capacity, ok := own.Capacity(x.Request.From.Capacity)
	if !ok {
		return refuse(UnknownCapacity, "party", "own", "capacity", string(x.Request.From.Capacity))
	}
	return law.mayAsk(by, capacity)
}

// WithdrawnByAsker records at the supplier that the asker took the request
// back. What was decided but not yet delivered stays here.
func (x Exchange) WithdrawnByAsker(at time.Time) (Exchange, Event, error) {
	if x.Side != Supplier {
		return Exchange{}, Event{}, refuse(WrongSide)
	}
	switch x.Phase {
	case Weighing, Clarifying, Proposed, Decided, Expired, Rejected:
		// Expired, Rejected: our answer did not reach him.
	case Withdrawn:
		return Exchange{}, Event{}, refuse(RequestWithdrawn)
	default:
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	x.Phase, x.Changed = Withdrawn, at
	return x, x.event(WithdrawalReceived, "", at, Detail{}), nil
}

// An Assignment says which professional decides on a request.
type Assignment struct {
	To  ActorID
	Why Personal // why it went from one to another; stays with the party
	By  ActorID
	At  time.Time
}

// Assign gives a request to a professional: to oneself, or to a colleague. Who
// takes it over from somebody else says why (vervanging); the ledger has both.
func (x Exchange) Assign(law *Law, to Actor, why Personal, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.now(Supplier, Weighing, Clarifying, Proposed); err != nil {
		return Exchange{}, Event{}, err
	}
	if _, _, err := law.WeighingOf(x.Request, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	to.Hat = x.Request.To.Capacity
	if _, _, err := law.WeighingOf(x.Request, own, to); err != nil {
		return Exchange{}, Event{}, err
	}
	before := x.Assignment.To
	if before != "" && before != by.ID && why.Blank() {
		return Exchange{}, Event{}, refuse(ReasonMissing, "field", "why")
	}
	if len(why.Reveal()) > maxReason {
		return Exchange{}, Event{}, refuse(BadRequest, "field", "why")
	}
	x.Assignment = Assignment{To: to.ID, Why: why, By: by.ID, At: at}
	x.Changed = at
	return x, x.event(Assigned, by.ID, at, Detail{Second: to.ID, For: before}), nil
}

// Released is the exchange without its assignment where to, to whom it was
// given, may not decide on it any more: he left, or does other work now. Then
// anybody may who has the role.
func (x Exchange) Released(law *Law, to Actor, own Party) Exchange {
	to.Hat = x.Request.To.Capacity
	if _, _, err := law.WeighingOf(x.Request, own, to); err != nil && x.Assignment.To == to.ID {
		x.Assignment = Assignment{}
	}
	return x
}

// undecided reports whether a professional still weighs.
func (x Exchange) undecided() bool { return x.Phase == Weighing || x.Phase == Clarifying }

// mayWeigh holds that the actor may weigh this request: by his role, and
// because it was not given to somebody else.
func (x Exchange) mayWeigh(law *Law, own Party, by Actor) error {
	if _, _, err := law.WeighingOf(x.Request, own, by); err != nil {
		return err
	}
	if x.Assignment.To != "" && x.Assignment.To != by.ID {
		return refuse(AssignedToOther, "capacity", string(x.Request.To.Capacity))
	}
	return nil
}

// Weigh records one step of the weighing. Steps can be taken on different days
// and by different people; each is an entry of its own.
func (x Exchange) Weigh(law *Law, s Step, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.now(Supplier, Weighing, Clarifying); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.mayWeigh(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	rule, _, err := law.WeighingOf(x.Request, own, by)
	if err != nil {
		return Exchange{}, Event{}, err
	}
	s.By, s.At = by.ID, at
	if err := rule.checkStep(x.Weighing, s); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Weighing, x.Changed = x.Weighing.with(s), at
	return x, x.event(StepTaken, by.ID, at, Detail{Step: &StepNote{Step: s.Code, Outcome: s.Outcome, With: s.With}}), nil
}

// A Policy is what an organisation chose for itself within the law.
type Policy struct {
	// FourEyes lists the purposes for which a second person must see a
	// decision before it leaves (vier ogen).
	FourEyes []PurposeCode
}

// Decide records what by has decided on every item that was asked and closes
// the weighing (weging). Where the policy wants a second person, the decision
// is proposed until [Exchange.Confirm]; otherwise the caller queues the answer
// in the same write. No item leaves without it (I1).
//
// It refuses when by may not decide in this capacity, when an item has no
// outcome or goes deeper than asked, when a ground does not fit, when a
// condition is incomplete, and, where anything is supplied, when a step of the
// weighing is open or forbids it.
func (x Exchange) Decide(law *Law, d Decision, own Party, by Actor, policy Policy, at time.Time) (Exchange, Event, error) {
	if err := x.now(Supplier, Weighing, Clarifying); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.mayWeigh(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := law.CheckDecision(x.Request, x.Weighing, d, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := checkDays(d.Conditions, at); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := x.checkNumbers(d); err != nil {
		return Exchange{}, Event{}, err
	}
	d.Items, d.Conditions = slices.Clone(d.Items), inOrder(d.Conditions)
	d.By, d.At, d.Second = by.ID, at, ""
	x.Decision, x.Returned, x.Changed = d, Personal{}, at
	if known(policy.FourEyes, x.Request.Purpose) {
		x.Phase = Proposed
		return x, x.event(DecisionProposed, by.ID, at, x.decisionDetail(at)), nil
	}
	x.Phase = Decided
	return x, x.event(DecisionTaken, by.ID, at, x.decisionDetail(at)), nil
}

func (x Exchange) decisionDetail(at time.Time) Detail {
	return Detail{
		Items: x.Decision.outline(), Conditions: conditionCodes(x.Decision.Conditions), Late: x.Late(at), Second: x.Decision.Second,
	}
}

// Confirm closes a proposed decision: a second person, who may decide too, has
// seen it. The caller queues the answer in the same write.
func (x Exchange) Confirm(law *Law, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.maySecond(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if rule, _, err := law.WeighingOf(x.Request, own, by); err != nil {
		return Exchange{}, Event{}, err
	} else if err := rule.checkColleague(x.Weighing, x.Decision.By); err != nil && x.Decision.supplies() {
		return Exchange{}, Event{}, err
	}
	x.Decision.Second, x.Decision.At = by.ID, at
	x.Phase, x.Changed = Decided, at
	return x, x.event(DecisionTaken, x.Decision.By, at, x.decisionDetail(at)), nil
}

// Return gives a proposed decision back to who took it, to think again.
func (x Exchange) Return(law *Law, why Personal, own Party, by Actor, at time.Time) (Exchange, Event, error) {
	if err := x.maySecond(law, own, by); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := checkText(why, "why"); err != nil {
		return Exchange{}, Event{}, err
	}
	before := x.Decision.By
	x.Decision, x.Returned = Decision{}, why
	x.Phase, x.Changed = Weighing, at
	return x, x.event(DecisionReturned, by.ID, at, Detail{For: before}), nil
}

func (x Exchange) maySecond(law *Law, own Party, by Actor) error {
	if err := x.now(Supplier, Proposed); err != nil {
		return err
	}
	if _, _, err := law.WeighingOf(x.Request, own, by); err != nil {
		return err
	}
	if by.ID == x.Decision.By {
		return refuse(SameEyes)
	}
	return nil
}

// IssueAnswer is the event that goes with the answer of a decision; it is
// recorded in the same write as [Exchange.Decide].
func (x Exchange) IssueAnswer(at time.Time) Event {
	return x.event(AnswerIssued, "", at, Detail{})
}

// Receive records at the asker what the supplier decided.
func (x Exchange) Receive(law *Law, a Answer, at time.Time) (Exchange, Event, error) {
	if x.Side != Asker {
		return Exchange{}, Event{}, refuse(WrongSide)
	}
	switch x.Phase {
	case Queued, Delivered, Clarifying, Expired:
		// Expired: the request did arrive, only its receipt did not.
	case Withdrawn:
		return Exchange{}, Event{}, refuse(RequestWithdrawn)
	default:
		return Exchange{}, Event{}, refuse(NotNow, "phase", string(x.Phase))
	}
	if err := law.CheckAnswer(x.Request, a); err != nil {
		return Exchange{}, Event{}, err
	}
	if err := checkMoment(a.At, x.Begun, at); err != nil {
		return Exchange{}, Event{}, err
	}
	x.Answer, x.Phase, x.Changed = a, a.outcome(), at
	return x, x.event(AnswerReceived, "", at, Detail{
		Items: a.outline(), Conditions: conditionCodes(a.Conditions), Late: x.Late(a.At),
	}), nil
}

// View is the event of a person who opens an exchange and reads what is
// personal in it; views are recorded as every other act (I3).
func (x Exchange) View(by Actor, at time.Time) (Event, error) {
	if err := mayView(by, x.Own().Capacity); err != nil {
		return Event{}, err
	}
	return x.event(Viewed, by.ID, at, Detail{}), nil
}

// Own is the party, in its capacity, whose copy this is.
func (x Exchange) Own() PartyID {
	if x.Side == Asker {
		return x.Request.From
	}
	return x.Request.To
}

// Other is the party on the other side.
func (x Exchange) Other() PartyID {
	if x.Side == Asker {
		return x.Request.To
	}
	return x.Request.From
}

func (x Exchange) event(kind EventKind, by ActorID, at time.Time, d Detail) Event {
	return Event{Kind: kind, Exchange: x.Topic(), Own: x.Own(), Other: x.Other(), Purpose: x.Request.Purpose, At: at, By: by, Detail: d}
}
