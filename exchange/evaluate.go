package exchange

import "time"

// A Layer (laag) is what one party in the chain wants of everybody after it:
// the first supplier, and whoever passed it on and added conditions. Conditions
// accumulate; no layer can take away what another wants.
type Layer struct {
	By         PartyID
	Conditions []Condition
}

// An Onward (verdere verstrekking) is what somebody wants to do with one item that was supplied to
// him: pass it on to another party for a purpose.
type Onward struct {
	Item    ItemCode
	Depth   Depth // at which it was supplied
	To      Recipient
	Purpose PurposeCode
	Phase   PhaseCode // of the purpose
	At      time.Time
	// Told is when the client was told of it; zero while he was not.
	Told time.Time
	// Orally says that it is said in a case conference (casusoverleg, art. 5.4.3)
	// and not handed over.
	Orally bool
	// Permissions are those that the parties of the chain gave, signed.
	Permissions []Permission
}

// A Recipient (ontvanger) is who would get it, as the register has him.
type Recipient struct {
	Party  PartyID
	Task   TaskCode
	Domain DomainCode
}

// RecipientOf is a party in a capacity, as a recipient.
func RecipientOf(p Party, in CapacityCode) (Recipient, error) {
	c, ok := p.Capacity(in)
	if !ok {
		return Recipient{}, refuse(UnknownCapacity, "party", "recipient", "capacity", string(in))
	}
	return Recipient{Party: PartyID{OIN: p.OIN, Capacity: in}, Task: c.Task, Domain: c.Domain}, nil
}

// A Permission (toestemming) lets a party pass items on to one recipient for
// one purpose: what [AskFirst] and [AskEachTime] wait for.
type Permission struct {
	ID        ID
	By        PartyID // who gave it: a party of the chain
	Holder    PartyID // who may pass on
	Recipient PartyID
	Purpose   PurposeCode
	Items     []ItemCode
	At        time.Time // when it was given
	Until     time.Time // after which it can't be used
	Uses      int       // how often it can be used in all; at least 1
	Used      int       // how often it was
	Withdrawn time.Time // when it was taken back; zero while it holds
}

// A Verdict (oordeel) is whether a use is allowed.
type Verdict string

// The verdicts, from loose to strict.
const (
	Permitted       Verdict = "permitted"        // mag
	NeedsPermission Verdict = "needs-permission" // eerst toestemming vragen
	Forbidden       Verdict = "forbidden"        // mag niet
)

// A Judgement (beoordeling) says whether a use is allowed, and what the verdict rests on.
type Judgement struct {
	Verdict Verdict
	// Because are the conditions that stand in the way; none when it is permitted.
	Because []Objection
}

// An Objection (bezwaar) is one condition that stands in the way of a use.
type Objection struct {
	By        PartyID // whose condition it is
	Condition Condition
	Verdict   Verdict // NeedsPermission or Forbidden
}

// Asks lists whose permission is needed.
func (j Judgement) Asks() (from []PartyID) {
	for _, o := range j.Because {
		if o.Verdict == NeedsPermission && !known(from, o.By) {
			from = append(from, o.By)
		}
	}
	return from
}

// Evaluate judges one use of one item against every layer of the chain that it
// came along (memorandum to art. 5.4.2, lines 7362-7370). It looks at nothing but
// its arguments, and always gives a verdict: the strictest that any condition
// gives, whatever their order. So one more condition or layer never loosens it,
// and one more permission never tightens it. A condition of a kind that is not
// known here forbids. docs/protocol/70-conditions.md says the same for a second
// implementation.
func Evaluate(chain []Layer, u Onward) Judgement {
	j := Judgement{Verdict: Permitted}
	for _, l := range chain {
		for _, c := range l.Conditions {
			v := c.judge(l.By, u)
			if v == Permitted {
				continue
			}
			j.Because = append(j.Because, Objection{By: l.By, Condition: c, Verdict: v})
			if j.Verdict != Forbidden {
				j.Verdict = v
			}
		}
	}
	return j
}

func (c Condition) judge(by PartyID, u Onward) Verdict {
	if !c.covers(u.Item) {
		return Permitted
	}
	forbiddenIf := func(b bool) Verdict {
		if b {
			return Forbidden
		}
		return Permitted
	}
	switch c.Code {
	case AskFirst, AskEachTime:
		for _, p := range u.Permissions {
			if p.By == by && p.lets(u, c.Code == AskEachTime) {
				return Permitted
			}
		}
		return NeedsPermission
	case OnlyTo:
		return forbiddenIf(!c.names(u.To))
	case NotTo:
		return forbiddenIf(c.names(u.To))
	case OnlyFor:
		return forbiddenIf(!known(c.Purposes, u.Purpose) && !known(c.Phases, u.Phase))
	case NotFor:
		return forbiddenIf(known(c.Purposes, u.Purpose) || known(c.Phases, u.Phase))
	case NoDeeper:
		return forbiddenIf(!u.Depth.Within(c.Depth))
	case AfterTold:
		return forbiddenIf(u.Told.IsZero() || u.Told.After(u.At))
	case OralOnly:
		return forbiddenIf(!u.Orally)
	case NoOnward:
		return Forbidden
	case DeleteBy:
		return forbiddenIf(!u.At.Before(c.Until))
	}
	return Forbidden // what we can't read, we can't keep
}

// names reports whether a recipient is one of those that a condition names.
func (c Condition) names(r Recipient) bool {
	return known(c.Parties, r.Party) || known(c.Tasks, r.Task) || known(c.Domains, r.Domain)
}

// lets reports whether a permission covers a use. single wants one that was
// given for this time only.
func (p Permission) lets(u Onward, single bool) bool {
	return p.Recipient == u.To.Party && p.Purpose == u.Purpose && known(p.Items, u.Item) && p.Withdrawn.IsZero() &&
		!u.At.Before(p.At.Add(-Skew)) && u.At.Before(p.Until) && p.Used < p.Uses && (!single || p.Uses == 1)
}
