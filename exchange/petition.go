package exchange

import (
	"slices"
	"time"
)

// A Petition (verzoek van een betrokkene) is what a person asks who uses one of
// his rights: the request, its deadline and what is decided on it, a dossier of
// its own. It is a value; methods return a changed copy.
//
// What is granted is done with other means, see docs/rights.md: this is the
// record that it was asked, weighed and told in time (art. 5(2), 12 GDPR).
type Petition struct {
	ID     ID
	Own    PartyID
	Kind   PetitionKind
	Person Sought
	// Received is the day on which it came in, by whatever way: midnight UTC.
	Received time.Time
	// Identity is how it was established that he is who he says (art. 12(6)).
	Identity  IdentityProof
	Asked     Personal
	Opened    time.Time
	By        ActorID
	Extension Extension // zero for none
	Ruling    Ruling    // zero while open
}

// A PetitionKind is a right that a person uses.
type PetitionKind string

// The kinds of petition.
const (
	AccessPetition        PetitionKind = "access"        // inzage en afschrift, art. 15 GDPR
	RectificationPetition PetitionKind = "rectification" // rectificatie, art. 16
	ErasurePetition       PetitionKind = "erasure"       // wissen, art. 17
	RestrictionPetition   PetitionKind = "restriction"   // beperking, art. 18
	ObjectionPetition     PetitionKind = "objection"     // bezwaar, art. 21
)

// PetitionKinds lists every kind.
var PetitionKinds = [...]PetitionKind{AccessPetition, RectificationPetition, ErasurePetition, RestrictionPetition, ObjectionPetition}

// An IdentityProof is how it was established who asks.
type IdentityProof string

// The ways. The copy of a document is not kept: only that it was shown.
const (
	ProofDigiD          IdentityProof = "digid"
	ProofDocument       IdentityProof = "document"       // he showed a passport, identity card or licence
	ProofKnown          IdentityProof = "known"          // a member of staff knows him in person
	ProofRepresentative IdentityProof = "representative" // somebody with a mandate or by law, who showed both
)

// IdentityProofs lists every way.
var IdentityProofs = [...]IdentityProof{ProofDigiD, ProofDocument, ProofKnown, ProofRepresentative}

// An Extension (verlenging) makes the month two months longer. The person is told
// why, within the month (art. 12(3) GDPR).
type Extension struct {
	Why  Personal // as he was told
	Told time.Time
	By   ActorID
	At   time.Time
}

// A Ruling (besluit) is what is decided on a petition.
type Ruling struct {
	Outcome RulingOutcome
	// Ground is why it is not granted, or not all of it.
	Ground RefusalGround
	// Weighing is how it was weighed, in words that the person is told. Nothing
	// is refused without (memorandum §6.2.4).
	Weighing Personal
	// Without lists what a report on access leaves out by this decision.
	Without []Part
	By      ActorID
	At      time.Time
}

// A RulingOutcome is what comes of a petition.
type RulingOutcome string

// The outcomes.
const (
	Granted        RulingOutcome = "granted"
	PartlyGranted  RulingOutcome = "partly"
	PetitionDenied RulingOutcome = "refused"
)

// RulingOutcomes lists every outcome.
var RulingOutcomes = [...]RulingOutcome{Granted, PartlyGranted, PetitionDenied}

// A RefusalGround is a ground of the GDPR or its Dutch act (UAVG) on which a
// petition is refused, or a part of it.
type RefusalGround string

// The grounds.
const (
	NotMet            RefusalGround = "conditions-not-met" // the article itself does not give him this
	NotIdentified     RefusalGround = "not-identified"     // art. 12(2), (6)
	Excessive         RefusalGround = "excessive"          // art. 12(5): unfounded or excessive
	RightsOfOthers    RefusalGround = "rights-of-others"   // art. 15(4); art. 41(1)(i) UAVG
	Prosecution       RefusalGround = "prosecution"        // art. 41(1)(d) UAVG
	Supervision       RefusalGround = "supervision"        // art. 41(1)(h) UAVG
	StatutoryDuty     RefusalGround = "statutory-duty"     // art. 17(3)(b): an act wants it kept
	LegalClaim        RefusalGround = "legal-claim"        // art. 17(3)(e), 18(2), 21(1)
	CompellingGrounds RefusalGround = "compelling-grounds" // art. 21(1)
)

// A GroundOfRefusal says of a ground where it stands and what a person reads.
type GroundOfRefusal struct {
	Code    RefusalGround
	Article string
	Kinds   []PetitionKind // none for all
	Name    Sentence
}

// RefusalGrounds lists every ground with its words.
var RefusalGrounds = [...]GroundOfRefusal{
	{NotMet, "15-18, 21 AVG", nil, Sentence{NL: "De wet geeft dit recht hier niet.", EN: "The law does not give this right here."}},
	{NotIdentified, "12(2), 12(6) AVG", nil, Sentence{NL: "Wij konden niet vaststellen wie u bent.", EN: "We could not establish who you are."}},
	{Excessive, "12(5) AVG", nil, Sentence{NL: "Het verzoek is duidelijk ongegrond of buitensporig.", EN: "The request is manifestly unfounded or excessive."}},
	{
		RightsOfOthers, "15(4) AVG; 41(1)(i) UAVG", nil,
		Sentence{NL: "Het zou de rechten van iemand anders schaden.", EN: "It would harm the rights of somebody else."},
	},
	{
		Prosecution, "41(1)(d) UAVG", nil,
		Sentence{NL: "Het zou het onderzoek naar een strafbaar feit schaden.", EN: "It would harm the investigation of an offence."},
	},
	{Supervision, "41(1)(h) UAVG", nil, Sentence{NL: "Het zou het toezicht op de wet schaden.", EN: "It would harm the supervision of the law."}},
	{
		StatutoryDuty, "17(3)(b) AVG", []PetitionKind{ErasurePetition},
		Sentence{NL: "Een andere wet zegt dat wij dit moeten bewaren.", EN: "Another act says that we must keep this."},
	},
	{
		LegalClaim, "17(3)(e), 18(2), 21(1) AVG", []PetitionKind{ErasurePetition, RestrictionPetition, ObjectionPetition},
		Sentence{NL: "Het is nodig voor een rechtszaak.", EN: "It is needed for a court case."},
	},
	{
		CompellingGrounds, "21(1) AVG", []PetitionKind{ObjectionPetition},
		Sentence{NL: "Wij hebben er dwingende redenen voor.", EN: "We have compelling grounds for it."},
	},
}

// GroundOf returns what is known of a ground.
func GroundOf(code RefusalGround) (GroundOfRefusal, bool) {
	for _, g := range RefusalGrounds {
		if g.Code == code {
			return g, true
		}
	}
	return GroundOfRefusal{}, false
}

// maxPetitionAge bounds how long ago a petition can have come in: an older day is
// a slip of the pen.
const maxPetitionAge = 366 * 24 * time.Hour

// OpenPetition begins a petition. Whoever may look in the capacity may take it
// in: it comes in at a desk, not at the privacy officer's.
func OpenPetition(p Petition, own Party, by Actor, at time.Time) (Petition, Event, error) {
	capacity, ok := own.Capacity(p.Own.Capacity)
	if !ok || own.OIN != p.Own.OIN {
		return Petition{}, Event{}, refuse(UnknownCapacity, "party", "own", "capacity", string(p.Own.Capacity))
	}
	if _, err := ParseID(string(p.ID)); err != nil {
		return Petition{}, Event{}, err
	}
	if err := mayView(by, p.Own.Capacity); err != nil {
		return Petition{}, Event{}, err
	}
	if err := p.Person.check(capacity); err != nil {
		return Petition{}, Event{}, err
	}
	switch {
	case !known(PetitionKinds[:], p.Kind):
		return Petition{}, Event{}, refuse(BadPetition, "field", "kind")
	case !known(IdentityProofs[:], p.Identity):
		return Petition{}, Event{}, refuse(BadPetition, "field", "identity")
	case p.Received.IsZero() || !p.Received.Equal(midnight(p.Received)) || p.Received.After(at) || at.Sub(p.Received) > maxPetitionAge:
		return Petition{}, Event{}, refuse(BadPetition, "field", "received")
	}
	if err := checkSaid(p.Asked, "asked"); err != nil {
		return Petition{}, Event{}, err
	}
	p.Opened, p.By, p.Extension, p.Ruling = at, by.ID, Extension{}, Ruling{}
	return p, p.event(PetitionOpened, by, at, Detail{Code: string(p.Kind)}), nil
}

// Due is the last day on which the person must be told what was decided: a month
// after the day on which he asked, or three when it was extended (art. 12(3) GDPR).
// The day itself still counts; where it is no working day, the law gives some
// days more, which nobody should need.
func (p Petition) Due() time.Time {
	if p.Extension.At.IsZero() {
		return addMonths(p.Received, 1)
	}
	return addMonths(p.Received, 3)
}

// Overdue reports whether the last day has passed and nothing is decided.
func (p Petition) Overdue(at time.Time) bool { return p.Open() && midnight(at).After(p.Due()) }

// Late reports whether it was decided after the last day.
func (p Petition) Late() bool { return !p.Open() && midnight(p.Ruling.At).After(p.Due()) }

// Open reports whether nothing is decided yet.
func (p Petition) Open() bool { return p.Ruling.Outcome == "" }

// Extend makes the deadline two months longer, once, within the month and after
// the person was told why.
func (p Petition) Extend(why Personal, told time.Time, by Actor, at time.Time) (Petition, Event, error) {
	if err := p.mayHandle(by); err != nil {
		return Petition{}, Event{}, err
	}
	if err := checkSaid(why, "why"); err != nil {
		return Petition{}, Event{}, err
	}
	switch {
	case !p.Open() || !p.Extension.At.IsZero():
		return Petition{}, Event{}, refuse(PetitionClosed)
	case midnight(at).After(p.Due()):
		return Petition{}, Event{}, refuse(ExtensionTooLate, "due", p.Due().Format(time.DateOnly), "article", "12(3) AVG")
	case told.IsZero() || !told.Equal(midnight(told)) || told.After(at) || told.Before(p.Received):
		return Petition{}, Event{}, refuse(BadPetition, "field", "told")
	}
	p.Extension = Extension{Why: why, Told: told, By: by.ID, At: at}
	return p, p.event(PetitionExtended, by, at, Detail{Due: p.Due().Format(time.DateOnly)}), nil
}

// Decide closes a petition. It may come too late; the entry says so, and no
// answer never is an answer.
func (p Petition) Decide(r Ruling, by Actor, at time.Time) (Petition, Event, error) {
	if err := p.mayHandle(by); err != nil {
		return Petition{}, Event{}, err
	}
	if !p.Open() {
		return Petition{}, Event{}, refuse(PetitionClosed)
	}
	if err := p.checkRuling(r); err != nil {
		return Petition{}, Event{}, err
	}
	late := p.Overdue(at)
	r.Without, r.By, r.At = slices.Clone(r.Without), by.ID, at
	p.Ruling = r
	return p, p.event(PetitionDecided, by, at, Detail{Code: string(r.Outcome), Late: late}), nil
}

// checkRuling holds that what is refused, or left out, has a ground and was
// weighed.
func (p Petition) checkRuling(r Ruling) error {
	if !known(RulingOutcomes[:], r.Outcome) {
		return refuse(BadPetition, "field", "ruling")
	}
	if r.Outcome == Granted {
		if r.Ground != "" || len(r.Without) > 0 {
			return refuse(BadPetition, "field", "ground")
		}
		if r.Weighing.Zero() {
			return nil
		}
		return checkSaid(r.Weighing, "weighing")
	}
	g, ok := GroundOf(r.Ground)
	if !ok || len(g.Kinds) > 0 && !known(g.Kinds, p.Kind) {
		return refuse(BadPetition, "field", "ground")
	}
	if len(r.Without) > 0 && (p.Kind != AccessPetition || r.Outcome != PartlyGranted) {
		return refuse(BadPetition, "field", "without")
	}
	for i, part := range r.Without {
		if !known(Withholdable[:], part) || known(r.Without[:i], part) {
			return refuse(BadPetition, "field", "without")
		}
	}
	return checkSaid(r.Weighing, "weighing")
}

// View is the event of somebody who reads a petition.
func (p Petition) View(by Actor, at time.Time) (Event, error) {
	if err := mayView(by, p.Own.Capacity); err != nil {
		return Event{}, err
	}
	return p.event(Viewed, by, at, Detail{}), nil
}

// Export is the event of the privacy officer who takes the report on access out
// of the node, with the number of dossiers that it tells of. Only what was
// granted is handed out. A draft is what she reads before she decides.
func (p Petition) Export(draft bool, count int, by Actor, at time.Time) (Event, error) {
	if err := p.mayHandle(by); err != nil {
		return Event{}, err
	}
	detail := Detail{Count: count}
	switch {
	case p.Kind != AccessPetition:
		return Event{}, refuse(BadPetition, "field", "kind")
	case draft && !p.Open():
		return Event{}, refuse(PetitionClosed)
	case draft:
		detail.Code = "draft"
	case p.Ruling.Outcome != Granted && p.Ruling.Outcome != PartlyGranted:
		return Event{}, refuse(NotGranted)
	}
	return p.event(Exported, by, at, detail), nil
}

// checkSaid holds a text of a petition: there, not too long, and without the
// number, which has a field of its own.
func checkSaid(text Personal, field string) error {
	if HoldsNumber(text) {
		return refuse(NumberInText, "field", field)
	}
	return checkText(text, field)
}

func (p Petition) mayHandle(by Actor) error {
	_, err := by.oneOf([]Role{PrivacyOfficer}, p.Own.Capacity, "")
	return err
}

func (p Petition) event(kind EventKind, by Actor, at time.Time, d Detail) Event {
	return Event{Kind: kind, Exchange: p.ID, Own: p.Own, At: at, By: by.ID, Detail: d}
}

// Petitioned is the term of a petition, from the day of the decision. No act
// gives one. Two years are enough for a complaint with the party and with the
// AP, and for the court (six weeks, art. 35 UAVG), and show in the meantime that
// it was answered in time (art. 5(2) GDPR).
var Petitioned = Retention{Article: "5(2) AVG", AtLeast: 6, AtMost: 24, From: []Start{{Moment: PetitionAnswered}}}

// KeepPetition says how long a petition is kept.
func KeepPetition(p Petition, chosen Terms) Keep {
	var m Moments
	if !p.Open() {
		m = Moments{{Code: PetitionAnswered, On: midnight(p.Ruling.At)}}
	}
	return Petitioned.keep(m, chosen)
}
