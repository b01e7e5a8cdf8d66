package exchange

// What may follow what, as data: so that somebody who holds nothing but the
// headers of a ledger can tell whether its steps can have happened in the order
// in which they stand there. The doors keep this order while a node runs
// (exchange.go); here it is said once more for who doesn't trust the node.

// A Row says what the order of events must be within one exchange, in one
// capacity of one party. A new kind of step gets its rows here.
type Row struct {
	Kinds []EventKind // what happened
	Rule  OrderRule
	Of    []EventKind // what it is compared with
	Why   string
}

// An OrderRule says how two sets of kinds relate.
type OrderRule string

// The rules of order.
const (
	Needs      OrderRule = "needs"        // one of Of must have happened before
	NoMoreThan OrderRule = "no-more-than" // Kinds happen at most as often as Of have happened until then
	NotAfter   OrderRule = "not-after"    // none of Of may have happened before
)

// ours are the kinds with which a message of ours leaves.
var ours = []EventKind{
	RequestIssued, AnswerIssued, WithdrawalIssued, QuestionIssued, ReplyIssued, PermissionRequestIssued, PermissionIssued, PermissionWithdrawalIssued,
	PassingIssued, NoticeIssued, CorrectionIssued, InvitationIssued, ConferenceAnswerIssued, ContributionIssued, ClosingIssued,
}

// steps are what people and partners do in an exchange or a case. None of it can
// follow the destruction of the dossier that it would have to be written in.
var steps = []EventKind{
	RequestIssued, RequestReceived, CaseOpened, CaseChanged, CaseClosed, WithdrawalIssued, WithdrawalReceived, QuestionIssued, QuestionReceived,
	ReplyIssued, ReplyReceived, Assigned, StepTaken, AdviceAsked, AdviceGiven, DecisionProposed, DecisionReturned, DecisionTaken, AnswerIssued, AnswerReceived,
	PermissionRequestIssued, PermissionRequestReceived, PermissionDecided, PermissionIssued, PermissionReceived, PermissionWithdrawalIssued,
	PermissionWithdrawalReceived, PassingIssued, PassingReceived, NoticeIssued, NoticeReceived, CorrectionDecided, CorrectionIssued, CorrectionReceived,
	ConferenceOpened, InvitationIssued, InvitationReceived, ConferenceAnswered, ConferenceAnswerIssued, ConferenceAnswerReceived, ContributionDrafted,
	ContributionDecided, ContributionIssued, ContributionReceived, AgreementRecorded, ConferenceClosed, ClosingIssued, ClosingReceived, CoordinationEnded,
	ItemsErased,
	ReceiptReceived, MessageRejected, MessageExpired, Viewed, DraftSaved, PetitionOpened, PetitionExtended, PetitionDecided,
}

// Rows is the order of events.
var Rows = [...]Row{
	{[]EventKind{RequestIssued, RequestReceived}, NotAfter, []EventKind{RequestIssued, RequestReceived}, "an exchange begins once, with one request"},
	{[]EventKind{WithdrawalIssued}, NoMoreThan, []EventKind{RequestIssued}, "a request is taken back by who made it, once"},
	{[]EventKind{WithdrawalReceived}, NoMoreThan, []EventKind{RequestReceived}, "only what was received can be taken back, once"},

	{[]EventKind{StepTaken}, Needs, []EventKind{RequestReceived}, "nobody weighs what was not asked"},
	{[]EventKind{Assigned}, Needs, []EventKind{RequestReceived}, "nobody is given a request that was not received"},
	{[]EventKind{AdviceAsked, AdviceGiven}, Needs, []EventKind{RequestReceived}, "advice is about a request that came in"},
	{[]EventKind{AdviceAsked, AdviceGiven}, NotAfter, []EventKind{DecisionTaken}, "nobody advises on what is decided"},
	{[]EventKind{QuestionIssued}, Needs, []EventKind{RequestReceived}, "a question back is about a request"},
	{[]EventKind{ReplyReceived}, NoMoreThan, []EventKind{QuestionIssued}, "a reply answers a question, and each question once"},
	{[]EventKind{QuestionReceived}, Needs, []EventKind{RequestIssued}, "a question back is about a request of ours"},
	{[]EventKind{ReplyIssued}, NoMoreThan, []EventKind{QuestionReceived}, "a reply answers a question, and each question once"},

	{[]EventKind{DecisionProposed}, Needs, []EventKind{RequestReceived}, "no decision before its request"},
	{[]EventKind{DecisionProposed, StepTaken, QuestionIssued}, NotAfter, []EventKind{DecisionTaken}, "what is decided is not weighed again"},
	{[]EventKind{DecisionReturned}, NoMoreThan, []EventKind{DecisionProposed}, "only what was proposed can be given back"},
	{[]EventKind{DecisionTaken}, NoMoreThan, []EventKind{RequestReceived}, "no decision before its request, and one for each"},
	{[]EventKind{AnswerIssued}, NoMoreThan, []EventKind{DecisionTaken}, "no answer before its decision, and one for each"},
	{[]EventKind{AnswerReceived}, NoMoreThan, []EventKind{RequestIssued}, "no answer to what was not asked, and one to each request"},
	{[]EventKind{AnswerReceived}, NotAfter, []EventKind{WithdrawalIssued}, "an answer to a request that was taken back is not accepted"},

	{[]EventKind{ReceiptReceived, MessageRejected, MessageExpired}, NoMoreThan, ours, "a message ends once, and only one that was issued can"},

	{[]EventKind{PassingIssued}, Needs, []EventKind{AnswerReceived, PassingReceived}, "nobody passes on what he did not get"},
	{[]EventKind{PermissionRequestIssued}, Needs, []EventKind{AnswerReceived, PassingReceived}, "permission is asked for what one has"},
	{[]EventKind{PermissionRequestReceived}, Needs, []EventKind{AnswerIssued, PassingIssued}, "permission is asked of who supplied"},
	{[]EventKind{PermissionDecided}, NoMoreThan, []EventKind{PermissionRequestReceived}, "a permission is decided once, and only when it was asked"},
	{[]EventKind{PermissionIssued}, NoMoreThan, []EventKind{PermissionDecided}, "no permission before its decision"},
	{[]EventKind{PermissionReceived}, NoMoreThan, []EventKind{PermissionRequestIssued}, "a permission answers a request, and each once"},
	{[]EventKind{PermissionWithdrawalIssued}, NoMoreThan, []EventKind{PermissionIssued}, "only what was given can be taken back, once"},
	{[]EventKind{PermissionWithdrawalReceived}, NoMoreThan, []EventKind{PermissionReceived}, "only what was given can be taken back, once"},
	{[]EventKind{NoticeIssued}, Needs, []EventKind{PassingIssued}, "a notice tells of something that was passed on"},
	{[]EventKind{NoticeReceived}, Needs, []EventKind{AnswerIssued, PassingIssued}, "a notice tells who supplied"},
	{[]EventKind{CorrectionDecided}, Needs, []EventKind{DecisionTaken}, "only what was supplied can be corrected"},
	{[]EventKind{CorrectionIssued}, Needs, []EventKind{CorrectionDecided}, "nobody is told before it is decided"},
	{[]EventKind{CorrectionReceived}, Needs, []EventKind{AnswerReceived, PassingReceived}, "only what was received is corrected"},
	{[]EventKind{ItemsErased}, Needs, []EventKind{AnswerReceived, PassingReceived}, "only what was received is erased"},

	{[]EventKind{ConferenceOpened, InvitationReceived}, NotAfter, []EventKind{ConferenceOpened, InvitationReceived}, "a conference begins once, with one invitation"},
	{[]EventKind{InvitationIssued, ConferenceClosed}, Needs, []EventKind{ConferenceOpened}, "who invites or closes is who organised"},
	{[]EventKind{ConferenceAnswered}, NoMoreThan, []EventKind{InvitationReceived}, "only who was invited answers, and once"},
	{[]EventKind{ConferenceAnswerIssued}, Needs, []EventKind{ConferenceAnswered}, "nobody is told before it is decided"},
	{[]EventKind{ContributionDrafted, ContributionDecided}, Needs, []EventKind{ConferenceOpened, ConferenceAnswered}, "only who takes part speaks"},
	{[]EventKind{ContributionReceived}, Needs, []EventKind{ConferenceOpened, ConferenceAnswered}, "only who takes part hears"},
	{[]EventKind{ContributionIssued}, Needs, []EventKind{ContributionDecided}, "nothing is said before it is decided"},
	{[]EventKind{ClosingIssued}, Needs, []EventKind{ConferenceClosed}, "nobody is told before it is closed"},
	{[]EventKind{ClosingReceived}, NoMoreThan, []EventKind{InvitationReceived}, "only where one was invited is it closed, and once"},
	{[]EventKind{ContributionDrafted, ContributionDecided, ContributionIssued, ContributionReceived}, NotAfter, []EventKind{ContributionsDestroyed}, "nothing is said when all was destroyed"},
	{[]EventKind{CoordinationEnded}, Needs, []EventKind{CaseOpened}, "a case is opened first"},

	{[]EventKind{Viewed, DraftSaved}, Needs, []EventKind{RequestIssued, RequestReceived, CaseOpened, PassingReceived, PetitionOpened, ConferenceOpened, InvitationReceived}, "there is nothing to look at before it begins"},
	{[]EventKind{CaseOpened}, NotAfter, []EventKind{CaseOpened}, "a case is opened once"},
	{[]EventKind{CaseChanged, CaseClosed}, Needs, []EventKind{CaseOpened}, "a case is opened first"},
	{[]EventKind{CaseChanged, CaseClosed}, NotAfter, []EventKind{CaseClosed}, "a closed case stays as it is"},

	{[]EventKind{PetitionOpened}, NotAfter, []EventKind{PetitionOpened}, "what a person asks is opened once"},
	{[]EventKind{PetitionExtended}, NoMoreThan, []EventKind{PetitionOpened}, "the month is made longer once (art. 12(3) GDPR)"},
	{[]EventKind{PetitionDecided}, NoMoreThan, []EventKind{PetitionOpened}, "what a person asks is decided once"},
	{[]EventKind{PetitionExtended}, NotAfter, []EventKind{PetitionDecided}, "what is decided needs no more time"},

	{steps, NotAfter, []EventKind{DossierDestroyed}, "what was destroyed can't be worked on"},
}

// EventKinds lists every kind, in the order of event.go.
var EventKinds = [...]EventKind{
	RequestIssued, RequestReceived, CaseOpened, CaseChanged, CaseClosed, WithdrawalIssued, WithdrawalReceived, QuestionIssued, QuestionReceived,
	ReplyIssued, ReplyReceived, Assigned, StepTaken, AdviceAsked, AdviceGiven, DecisionProposed, DecisionReturned, DecisionTaken, AnswerIssued, AnswerReceived,
	ReceiptReceived, MessageRejected, MessageExpired, Viewed, DraftSaved, StaffChanged, AccountChanged, SignedIn, RegisterInstalled, NodeCreated, MomentRecorded, HoldPlaced,
	HoldLifted, DossierDestroyed, DossiersPurged, Searched, StaffViewed, Exported, InspectionGranted, CheckpointCosigned, CosignatureReceived, LedgerAlarm,
	PermissionRequestIssued, PermissionRequestReceived, PermissionDecided, PermissionIssued, PermissionReceived, PermissionWithdrawalIssued,
	PermissionWithdrawalReceived, PassingIssued, PassingReceived, NoticeIssued, NoticeReceived, CorrectionDecided, CorrectionIssued, CorrectionReceived,
	ItemsErased,
	BackupMade, LedgerRecovered, StorageMigrated, KeyMade, KeyDestroyed, KeysRewrapped, RootPinned, LockChanged, PetitionOpened, PetitionExtended, PetitionDecided,
	ConferenceOpened, InvitationIssued, InvitationReceived, ConferenceAnswered, ConferenceAnswerIssued, ConferenceAnswerReceived, ContributionDrafted,
	ContributionDecided, ContributionIssued, ContributionReceived, AgreementRecorded, ConferenceClosed, ClosingIssued, ClosingReceived, ContributionsDestroyed,
	CoordinationEnded,
}

// A Passage (overgang) says which two kinds of entry stand for the same message: at the party
// that issued it and at the party that received it. Where the one stands
// without the other, somebody's ledger does not tell all.
type Passage struct {
	Issued, Received EventKind
	Message          MessageKind
}

// Passages lists what stands in two ledgers.
var Passages = [...]Passage{
	{RequestIssued, RequestReceived, RequestMessage},
	{AnswerIssued, AnswerReceived, AnswerMessage},
	{WithdrawalIssued, WithdrawalReceived, WithdrawalMessage},
	{QuestionIssued, QuestionReceived, QuestionMessage},
	{ReplyIssued, ReplyReceived, ReplyMessage},
	{PermissionRequestIssued, PermissionRequestReceived, PermissionRequestMessage},
	{PermissionIssued, PermissionReceived, PermissionMessage},
	{PermissionWithdrawalIssued, PermissionWithdrawalReceived, PermissionWithdrawalMessage},
	{PassingIssued, PassingReceived, PassingMessage},
	{NoticeIssued, NoticeReceived, NoticeMessage},
	{CorrectionIssued, CorrectionReceived, CorrectionMessage},
	{InvitationIssued, InvitationReceived, InvitationMessage},
	{ConferenceAnswerIssued, ConferenceAnswerReceived, ConferenceAnswerMessage},
	{ContributionIssued, ContributionReceived, ContributionMessage},
	{ClosingIssued, ClosingReceived, ClosingMessage},
}

// PassageOf returns the passage of which the kind is one half, and whether it is the
// half of who issued the message.
func PassageOf(kind EventKind) (p Passage, issued, ok bool) {
	for _, p := range Passages {
		if p.Issued == kind || p.Received == kind {
			return p, p.Issued == kind, true
		}
	}
	return Passage{}, false, false
}

// Finishes reports whether the kind says how a message of ours ended.
func (k EventKind) Finishes() bool {
	return k == ReceiptReceived || k == MessageRejected || k == MessageExpired
}

// An Order is Rows made ready to be applied many times.
type Order struct {
	number map[EventKind]int
	rows   [][]*Row // by number of the kind that happened
	steps  []bool   // by number of the kind: whether it is one of steps
}

// NewOrder makes rows ready.
func NewOrder(rows []Row) *Order {
	o := &Order{number: make(map[EventKind]int, len(EventKinds)), rows: make([][]*Row, len(EventKinds)), steps: make([]bool, len(EventKinds))}
	for i, k := range EventKinds {
		o.number[k], o.steps[i] = i, known(steps, k)
	}
	for i := range rows {
		for _, k := range rows[i].Kinds {
			n := o.number[k]
			o.rows[n] = append(o.rows[n], &rows[i])
		}
	}
	return o
}

// Knows reports whether the kind is one of [EventKinds].
func (o *Order) Knows(kind EventKind) bool {
	_, ok := o.number[kind]
	return ok
}

// IsStep reports whether the kind is a step in an exchange or a case. The private
// part of such an entry is a [PrivatePart].
func (o *Order) IsStep(kind EventKind) bool {
	n, ok := o.number[kind]
	return ok && o.steps[n]
}

// A Course (verloop) counts what has happened in one exchange in one capacity.
// The zero Course is that nothing has.
type Course struct{ times [len(EventKinds)]uint8 }

// Step adds what happened next to a course, and returns the first row that it
// breaks, or nil. A kind that is not known changes nothing.
func (o *Order) Step(c *Course, kind EventKind) (broken *Row) {
	n, ok := o.number[kind]
	if !ok {
		return nil
	}
	for _, row := range o.rows[n] {
		if !o.holds(c, row) {
			broken = row
			break
		}
	}
	if c.times[n] < 255 {
		c.times[n]++
	}
	return broken
}

// holds reports whether one more of the kinds of a row may happen.
func (o *Order) holds(c *Course, row *Row) bool {
	before := o.sum(c, row.Of)
	switch row.Rule {
	case Needs:
		return before > 0
	case NotAfter:
		return before == 0
	case NoMoreThan:
		return o.sum(c, row.Kinds) < before
	}
	return false
}

func (o *Order) sum(c *Course, kinds []EventKind) (n int) {
	for _, k := range kinds {
		n += int(c.times[o.number[k]])
	}
	return n
}
