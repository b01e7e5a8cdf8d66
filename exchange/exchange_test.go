package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"sluis/schemas"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testLaw(t testing.TB) *Law {
	t.Helper()
	law, err := ParseLaw(schemas.Catalogues())
	if err != nil {
		t.Fatal(err)
	}
	return law
}

var (
	college = Party{OIN: "00000099000001001000", Name: "gemeente Voorbeeldstad", Capacities: []Capacity{
		{Code: "investigation", Domain: "investigation", Task: "investigation", Regime: NoSecrecy, MayProcessBSN: true, Special: []Category{Health, Criminal}},
		{Code: "desk", Domain: "reporting-desk", Task: "reporting-desk", Regime: NoSecrecy, MayProcessBSN: true},
	}}
	housing = Party{OIN: "00000099000002002000", Name: "woningcorporatie Thuis", Capacities: []Capacity{
		{Code: "housing", Domain: "housing", Task: "service", Regime: NoSecrecy},
	}}
	probation = Party{OIN: "00000099000003003000", Name: "reclassering Noord", Capacities: []Capacity{
		{Code: "probation", Domain: "probation", Task: "service", Regime: Wjsg, MayProcessBSN: true, Special: []Category{Criminal}},
	}}
	requester = Actor{ID: "a.jansen", Name: Hide("A. Jansen"), Hat: "investigation", Roles: []Grant{{Role: Requester, Capacity: "investigation"}}}
	officer   = Actor{ID: "b.devries", Name: Hide("B. de Vries"), Hat: "housing", Roles: []Grant{{Role: Professional, Capacity: "housing"}}}
)

func toHousing() Request {
	return Request{
		ID: "0193a0b0-0000-7000-8000-000000000001", Case: "0193a0b0-0000-7000-8000-00000000000c",
		From: PartyID{college.OIN, "investigation"}, To: PartyID{housing.OIN, "housing"},
		Purpose: "investigation/client-request", Trigger: TriggerNote{Code: "client-request", On: today}, Specific: Hide("to plan help"),
		Statements: []Statement{
			{"question", Hide("running")}, {"why-this-party", Hide("he rents there")}, {"beyond-social-domain", Hide("he may lose his home")},
		},
		Subject: Subject{Standing: Client, Name: Hide("J. Fictief"), Born: Hide("1980-02-29"), Address: Hide("Voorbeeldstraat 1")},
		Items: []AskedItem{
			{Item: "rent-arrears", Depth: Content, Why: Hide("debts are part of it")}, {Item: "nuisance-reports", Depth: Process, Why: Hide("to know what runs")},
		},
		Involvement: Involvement{State: InConsultation}, Contact: Hide("06-00000000"), Due: noon.AddDate(0, 0, 42),
	}
}

var today = noon.Truncate(24 * time.Hour)

func toProbation(t testing.TB) Request {
	t.Helper()
	bsn, err := ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	r := toHousing()
	r.To = PartyID{probation.OIN, "probation"}
	r.Subject = Subject{Standing: Client, BSN: bsn}
	r.Items = []AskedItem{{
		Item: "supervision-running", Depth: That, Why: Hide("whether a supervision runs"), Statements: []Statement{{"service-choice", Hide("help with work")}},
	}}
	return r
}

// caseOf is a case of the college that a request fits.
func caseOf(r Request) Case {
	s := r.Subject
	return Case{
		ID: r.Case, Own: r.From,
		Trigger: Trigger{Code: r.Trigger.Code, On: r.Trigger.On, Scope: []DomainCode{"housing", "probation"}, Statements: []Statement{
			{"act", Hide("wmo")}, {"suspicion", Hide("client-said")}, {"coherence", Hide("debts and work")},
		}},
		People: []Person{{Standing: s.Standing, BSN: s.BSN, Name: s.Name, Born: s.Born, Address: s.Address}},
	}
}

func ask(law *Law, r Request, from, to Party, by Actor, at time.Time) (Exchange, Event, error) {
	return Ask(law, Asking{Case: caseOf(r), Request: r, From: from, To: to, By: by, At: at})
}

// wantRefusal fails unless err is a refusal with the code.
func wantRefusal(t *testing.T, what string, err error, code Code) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("%s: got %v, want refusal %s", what, err, code)
	}
}

func TestRequestRules(t *testing.T) {
	law := testLaw(t)
	bsn, err := ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule   string
		change func(*Request)
		code   Code
	}{
		{"a purpose that does not exist", func(r *Request) { r.Purpose = "fraud" }, UnknownPurpose},
		{"5.5.3: triage is asked by the reporting desk only", func(r *Request) { r.Purpose = "triage" }, PurposeNotAsker},
		{"5.4.4: the coordinator's purpose", func(r *Request) { r.Purpose = "coordination" }, PurposeNotAsker},
		{"5.4.2(1): a specific purpose", func(r *Request) { r.Specific = Personal{} }, ReasonMissing},
		{"5.4.2(1): why each item is needed", func(r *Request) { r.Items[1].Why = Personal{} }, ReasonMissing},
		{"5.4.2(5): no BSN to who may not process it", func(r *Request) { r.Subject = Subject{Standing: Client, BSN: bsn} }, BSNNotAllowed},
		{"5.4.2(5): no BSN beside the name either", func(r *Request) { r.Subject.BSN = bsn }, BSNNotAllowed},
		{"art. 14 GDPR: why the client does not know", func(r *Request) { r.Involvement = Involvement{State: NotYetInformed} }, ReasonMissing},
		{"5.4.1(2): a statement that the purpose needs", func(r *Request) { r.Statements = r.Statements[1:] }, StatementMissing},
		{"2.3a.1(4): a choice that does not exist", func(r *Request) { r.Statements[0].Text = Hide("everything") }, BadStatement},
		{"a statement that nobody asked for", func(r *Request) { r.Statements = append(r.Statements, Statement{"tuning", Hide("youth-help")}) }, BadStatement},
		{"2.3a.1: on the trigger of 2.3a.4", func(r *Request) { r.Trigger.Code = "party-request" }, TriggerNotOfPurpose},
		{"a trigger that does not exist", func(r *Request) { r.Trigger.Code = "data-match" }, UnknownTrigger},
		{"2.3a.1: not together with the client", func(r *Request) { r.Involvement = Involvement{State: Objected, Why: Hide("x")} }, InvolvementNotEnough},
		{"2.3a.1: after the six weeks", func(r *Request) { r.Due = noon.AddDate(0, 0, 44) }, DeadlineTooLate},
		{"a standing that does not exist", func(r *Request) { r.Subject.Standing = "neighbour" }, BadSubject},
		{"consent without a day", func(r *Request) { r.Consent.State = ConsentGiven }, BadRequest},
		{"an item of another domain", func(r *Request) { r.Items = []AskedItem{{Item: "offence", Depth: That, Why: Hide("x")}} }, ItemNotHeld},
		{"an item that does not exist", func(r *Request) { r.Items[0].Item = "everything" }, UnknownItem},
		{"a depth that the item does not have", func(r *Request) { r.Items[0] = AskedItem{Item: "tenancy", Depth: Content, Why: Hide("x")} }, BadDepth},
		{"a depth that does not exist", func(r *Request) { r.Items[0].Depth = "all" }, BadDepth},
		{"the same item twice", func(r *Request) { r.Items[1] = r.Items[0] }, ItemTwice},
		{"nothing", func(r *Request) { r.Items = nil }, NothingAsked},
		{"everything", func(r *Request) { r.Items = make([]AskedItem, maxItems+1) }, TooMuchAsked},
		{"an answer for yesterday", func(r *Request) { r.Due = noon }, DeadlinePassed},
		{"an answer in ten years", func(r *Request) { r.Due = noon.AddDate(10, 0, 0) }, BadRequest},
		{"a person without a name", func(r *Request) { r.Subject.Name = Personal{} }, BadSubject},
		{"a date of birth that does not exist", func(r *Request) { r.Subject.Born = Hide("1981-02-29") }, BadSubject},
		{"oneself", func(r *Request) { r.To = r.From }, SelfAsked},
		{"a capacity that the asker does not have", func(r *Request) { r.From.Capacity = "mayor" }, UnknownCapacity},
		{"a capacity that the asked does not have", func(r *Request) { r.To.Capacity = "mayor" }, UnknownCapacity},
		{"another organisation than the register's", func(r *Request) { r.To.OIN = probation.OIN }, UnknownCapacity},
		{"a case without form", func(r *Request) { r.Case = "7" }, BadID},
	} {
		r := toHousing()
		c.change(&r)
		_, _, err := ask(law, r, college, housing, requester, noon)
		switch {
		case r.Case != toHousing().Case || r.From != toHousing().From || r.To.OIN != housing.OIN || r.To.Capacity != "housing", r.Subject.Name.Zero() && r.Subject.BSN.Zero():
			if err == nil {
				t.Errorf("%s: accepted at the asker", c.rule)
			}
		default:
			wantRefusal(t, c.rule+", at the asker", err, c.code)
		}
		_, _, err = Accept(law, r, college, housing, noon)
		wantRefusal(t, c.rule+", at the supplier", err, c.code)
	}
	for name, r := range map[string]Request{"by name": toHousing(), "by BSN": toProbation(t)} {
		to := housing
		if r.To.OIN == probation.OIN {
			to = probation
		}
		if _, _, err := ask(law, r, college, to, requester, noon); err != nil {
			t.Errorf("%s: refused with %v", name, err)
		}
	}
}

// I6 and domain.md section 4: a category that the asker may not process is not
// asked, even where the purpose knows it.
func TestCategoryOfAsker(t *testing.T) {
	narrow := college
	narrow.Capacities = slices.Clone(college.Capacities)
	narrow.Capacities[0].Special = nil
	_, _, err := ask(testLaw(t), toProbation(t), narrow, probation, requester, noon)
	wantRefusal(t, "criminal data for a college that may not process it", err, CategoryAsker)
}

func TestOnlyARequesterAsks(t *testing.T) {
	_, _, err := ask(testLaw(t), toHousing(), college, housing, officer, noon)
	wantRefusal(t, "asked by a professional", err, ActorMayNot)
}

func accepted(t testing.TB, law *Law) Exchange {
	t.Helper()
	x, _, err := Accept(law, toHousing(), college, housing, noon)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func partial() Decision {
	return Decision{Items: []ItemDecision{
		{Item: "rent-arrears", Outcome: Supply, Depth: That, Value: Hide("yes")},
		{Item: "nuisance-reports", Outcome: Withhold, Ground: "not-necessary", Reason: Hide("stays here")},
	}}
}

func TestDecisionRules(t *testing.T) {
	law := testLaw(t)
	for _, c := range []struct {
		rule   string
		change func(*Decision)
		code   Code
	}{
		{"an item without outcome", func(d *Decision) { d.Items = d.Items[:1] }, ItemUndecided},
		{"an item that was not asked", func(d *Decision) { d.Items[0].Item = "offence" }, ItemNotAsked},
		{"an item twice", func(d *Decision) { d.Items[1] = d.Items[0] }, ItemTwice},
		{"deeper than asked", func(d *Decision) {
			d.Items[1] = ItemDecision{Item: "nuisance-reports", Outcome: Supply, Depth: Content, Value: Hide("x")}
		}, DeeperThanAsked},
		{"a depth that does not exist", func(d *Decision) { d.Items[0].Depth = "all" }, BadDepth},
		{"supplied without content", func(d *Decision) { d.Items[0].Value = Personal{} }, ContentMissing},
		{"withheld with content", func(d *Decision) { d.Items[1].Value = Hide("x") }, ContentSurplus},
		{"5.4.2(3): a ground of another regime", func(d *Decision) { d.Items[1].Ground = "act-forbids" }, GroundNotHere},
		{"withheld without a ground", func(d *Decision) { d.Items[1].Ground = "" }, UnknownGround},
		{"supplied with a ground", func(d *Decision) { d.Items[0].Ground = "not-necessary" }, BadOutcome},
		{"neither", func(d *Decision) { d.Items[0].Outcome = "maybe" }, BadOutcome},
		{"a condition that does not exist", func(d *Decision) { d.Conditions = []Condition{{Code: "be-nice"}} }, UnknownCondition},
		{"only to nobody", func(d *Decision) { d.Conditions = []Condition{{Code: OnlyTo}} }, BadCondition},
		{"delete by no day", func(d *Decision) { d.Conditions = []Condition{{Code: DeleteBy}} }, BadCondition},
	} {
		x, d := accepted(t, law), partial()
		c.change(&d)
		after, _, err := x.Decide(law, d, housing, officer, Policy{}, noon)
		wantRefusal(t, c.rule, err, c.code)
		if after.Phase != "" {
			t.Errorf("%s: refused, yet something came back", c.rule)
		}
	}
	_, _, err := accepted(t, law).Decide(law, partial(), housing, requester, Policy{}, noon)
	wantRefusal(t, "I1: decided by somebody who is no professional there", err, ActorMayNot)
}

// The whole life, seen from both sides, and what the asker must not learn.
func TestLife(t *testing.T) {
	law := testLaw(t)
	asked, sent, err := ask(law, toHousing(), college, housing, requester, noon)
	if err != nil {
		t.Fatal(err)
	}
	if sent.Kind != RequestIssued || sent.By != requester.ID || sent.Own != asked.Request.From || sent.Other != asked.Request.To {
		t.Errorf("event of asking: %+v", sent)
	}
	asked, _, err = asked.Deliver(RequestMessage, noon)
	if err != nil || asked.Phase != Delivered {
		t.Fatalf("delivered: %v %v", asked.Phase, err)
	}
	held := accepted(t, law)
	held, decided, err := held.Decide(law, partial(), housing, officer, Policy{}, noon)
	if err != nil || held.Phase != Decided {
		t.Fatalf("decided: %v %v", held.Phase, err)
	}
	if decided.By != officer.ID || len(decided.Detail.Items) != 2 || decided.Detail.Items[1].Ground != "not-necessary" {
		t.Errorf("event of deciding: %+v", decided)
	}
	answer := held.Decision.Answer()
	asked, _, err = asked.Receive(law, answer, noon)
	if err != nil || asked.Phase != Answered {
		t.Fatalf("received: %v %v", asked.Phase, err)
	}
	if asked.Answer.Items[0].Value.Reveal() != "yes" || !asked.Answer.Items[1].Value.Zero() {
		t.Error("the answer does not hold what was decided")
	}
	held, _, err = held.Deliver(AnswerMessage, noon)
	if err != nil || held.Phase != Answered {
		t.Fatalf("supplier: %v %v", held.Phase, err)
	}
	_, _, err = held.Decide(law, partial(), housing, officer, Policy{}, noon)
	wantRefusal(t, "a second decision", err, NotNow)
	_, _, err = asked.Receive(law, answer, noon)
	wantRefusal(t, "a second answer", err, NotNow)
}

func TestAnswerMustFitTheRequest(t *testing.T) {
	law := testLaw(t)
	for _, c := range []struct {
		rule   string
		change func(*Answer)
		code   Code
	}{
		{"an item fewer", func(a *Answer) { a.Items = a.Items[:1] }, ItemUndecided},
		{"an item more", func(a *Answer) { a.Items = append(a.Items, AnsweredItem{Item: "offence", Outcome: Withhold}) }, ItemNotAsked},
		{"deeper", func(a *Answer) {
			a.Items[1] = AnsweredItem{Item: "nuisance-reports", Outcome: Supply, Depth: Content, Value: Hide("x")}
		}, DeeperThanAsked},
		{"withheld with content", func(a *Answer) { a.Items[1].Value = Hide("x") }, ContentSurplus},
		{"supplied without content", func(a *Answer) { a.Items[0].Value = Personal{} }, ContentMissing},
		{"twice", func(a *Answer) { a.Items[1] = a.Items[0] }, ItemTwice},
	} {
		x, _, err := ask(law, toHousing(), college, housing, requester, noon)
		if err != nil {
			t.Fatal(err)
		}
		a := partial().Answer()
		c.change(&a)
		_, _, err = x.Receive(law, a, noon)
		wantRefusal(t, c.rule, err, c.code)
	}
}

// Every step in every phase from every side either moves as drawn or refuses.
func TestStepsPerPhase(t *testing.T) {
	law := testLaw(t)
	type step func(Exchange) (Exchange, Event, error)
	steps := map[string]step{
		"withdraw":  func(x Exchange) (Exchange, Event, error) { return x.Withdraw(law, college, requester, noon) },
		"withdrawn": func(x Exchange) (Exchange, Event, error) { return x.WithdrawnByAsker(noon) },
		"decide": func(x Exchange) (Exchange, Event, error) {
			return x.Decide(law, partial(), housing, officer, Policy{}, noon)
		},
		"propose": func(x Exchange) (Exchange, Event, error) {
			return x.Decide(law, partial(), housing, officer, Policy{FourEyes: []PurposeCode{x.Request.Purpose}}, noon)
		},
		"confirm": func(x Exchange) (Exchange, Event, error) { return x.Confirm(law, housing, other, noon) },
		"return":  func(x Exchange) (Exchange, Event, error) { return x.Return(law, Hide("x"), housing, other, noon) },
		"assign": func(x Exchange) (Exchange, Event, error) {
			return x.Assign(law, officer, Personal{}, housing, officer, noon)
		},
		"question":   func(x Exchange) (Exchange, Event, error) { return x.Question(law, Hide("x"), housing, officer, noon) },
		"questioned": func(x Exchange) (Exchange, Event, error) { return x.ReceiveQuestion(Hide("x"), noon, noon) },
		"reply":      func(x Exchange) (Exchange, Event, error) { return x.Reply(law, Hide("x"), college, requester, noon) },
		"replied":    func(x Exchange) (Exchange, Event, error) { return x.ReceiveReply(Hide("x"), noon, noon) },
		"receive":    func(x Exchange) (Exchange, Event, error) { return x.Receive(law, partial().Answer(), noon) },
	}
	for _, m := range []MessageKind{RequestMessage, AnswerMessage, WithdrawalMessage, QuestionMessage, ReplyMessage} {
		steps["deliver "+string(m)] = func(x Exchange) (Exchange, Event, error) { return x.Deliver(m, noon) }
		steps["reject "+string(m)] = func(x Exchange) (Exchange, Event, error) { return x.Reject(m, "bad-request", noon) }
		steps["expire "+string(m)] = func(x Exchange) (Exchange, Event, error) { return x.Expire(m, noon) }
	}
	drawn := map[string]Phase{
		"asker queued withdraw": Withdrawn, "asker queued receive": Answered, "asker queued questioned": Clarifying,
		"asker queued deliver request": Delivered, "asker queued reject request": Rejected, "asker queued expire request": Expired,
		"asker delivered withdraw": Withdrawn, "asker delivered receive": Answered, "asker delivered questioned": Clarifying,
		"asker clarifying withdraw": Withdrawn, "asker clarifying receive": Answered, "asker clarifying reply": Delivered,
		"asker expired receive": Answered, "asker expired questioned": Clarifying,
		"supplier weighing decide": Decided, "supplier weighing propose": Proposed, "supplier weighing assign": Weighing,
		"supplier weighing question": Clarifying, "supplier weighing withdrawn": Withdrawn,
		"supplier clarifying decide": Decided, "supplier clarifying propose": Proposed, "supplier clarifying assign": Clarifying,
		"supplier clarifying replied": Weighing, "supplier clarifying withdrawn": Withdrawn,
		"supplier clarifying deliver question": Clarifying, "supplier clarifying reject question": Weighing, "supplier clarifying expire question": Weighing,
		"supplier proposed confirm": Decided, "supplier proposed return": Weighing, "supplier proposed assign": Proposed, "supplier proposed withdrawn": Withdrawn,
		"supplier decided deliver answer": Answered, "supplier decided reject answer": Rejected, "supplier decided expire answer": Expired,
		"supplier decided withdrawn": Withdrawn, "supplier answered withdrawn": Answered, "supplier refused withdrawn": Refused,
		"supplier withdrawn withdrawn": Withdrawn, "supplier expired withdrawn": Expired, "supplier rejected withdrawn": Rejected,
		"supplier answered deliver answer": Answered, "supplier answered reject answer": Answered, "supplier answered expire answer": Answered,
		"supplier refused deliver answer": Refused, "supplier refused reject answer": Refused, "supplier refused expire answer": Refused,
		"supplier withdrawn deliver answer": Withdrawn, "supplier withdrawn reject answer": Withdrawn, "supplier withdrawn expire answer": Withdrawn,
		"asker withdrawn deliver withdrawal": Withdrawn, "asker withdrawn reject withdrawal": Withdrawn, "asker withdrawn expire withdrawal": Withdrawn,
		"asker clarifying deliver reply": Clarifying, "asker clarifying reject reply": Clarifying, "asker clarifying expire reply": Clarifying,
	}
	// A receipt for the request may come after whatever overtook it.
	for _, phase := range []Phase{Delivered, Clarifying, Answered, Refused, Withdrawn, Expired, Rejected} {
		for _, what := range []string{"deliver", "reject", "expire"} {
			drawn[fmt.Sprintf("asker %s %s request", phase, what)] = phase
		}
	}
	sides := map[Side][]Phase{
		Asker:    {Queued, Delivered, Clarifying, Answered, Refused, Withdrawn, Expired, Rejected},
		Supplier: {Weighing, Clarifying, Proposed, Decided, Answered, Refused, Withdrawn, Expired, Rejected},
	}
	reached := 0
	for side, phases := range sides {
		for _, phase := range phases {
			for name, step := range steps {
				x := Exchange{ID: toHousing().ID, Side: side, Phase: phase, Request: toHousing()}
				if side == Supplier && phase != Weighing && phase != Clarifying {
					x.Decision = partial()
					x.Decision.By = officer.ID
				}
				if phase == Clarifying {
					x.Clarifications = []Clarification{{Question: Hide("x"), Asked: noon}}
				}
				what := fmt.Sprintf("%s %s %s", side, phase, name)
				after, event, err := step(x)
				want, ok := drawn[what]
				switch {
				case !ok && err == nil:
					t.Errorf("%s: went to %s, want a refusal", what, after.Phase)
				case ok && err != nil:
					t.Errorf("%s: %v, want %s", what, err, want)
				case ok && after.Phase != want:
					t.Errorf("%s: went to %s, want %s", what, after.Phase, want)
				case ok && (event.Kind == "" || event.Exchange != x.ID):
					t.Errorf("%s: no event (I3)", what)
				}
				if ok {
					reached++
				}
			}
		}
	}
	if reached != len(drawn) {
		t.Errorf("%d of the %d moves drawn were tried", reached, len(drawn))
	}
}

// other is another professional of the housing corporation.
var other = Actor{ID: "c.bakker", Name: Hide("C. Bakker"), Hat: "housing", Roles: []Grant{{Role: Professional, Capacity: "housing"}}}

// The published test numbers pass, and every change of one digit is found.
func TestElevenTest(t *testing.T) {
	for _, good := range []string{"999993847", "999992077", "999993483", "999990482", "000009921", "999993653", "999995017", "999990408"} {
		if _, err := ParseBSN(good); err != nil {
			t.Errorf("a published test number is refused: %v", err)
		}
		for i := range good {
			for d := byte('0'); d <= '9'; d++ {
				bad := []byte(good)
				if bad[i] == d {
					continue
				}
				bad[i] = d
				if _, err := ParseBSN(string(bad)); err == nil {
					t.Errorf("digit %d changed and still accepted", i)
				}
			}
		}
	}
	for _, bad := range []string{"", "99999384", "9999938470", "99999384a", "000000000", "٩٩٩٩٩٣٨٤٧", " 99993847", "-99993847"} {
		if _, err := ParseBSN(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

// What is personal can't be printed or marshalled by accident, wherever it sits.
func TestNothingPersonalPrints(t *testing.T) {
	bsn, err := ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	type nested struct {
		name   Personal
		number BSN
		inner  *Request
	}
	r := toProbation(t)
	r.Subject.Name = Hide("Fictief")
	x := Exchange{Request: r, Decision: Decision{Items: []ItemDecision{{Value: Hide("Fictief")}}}}
	values := []any{bsn, &bsn, Hide("Fictief"), r, &r, x, nested{Hide("Fictief"), bsn, &r}, map[string]any{"a": r}, []BSN{bsn}}
	for _, v := range values {
		var printed strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			fmt.Fprintf(&printed, verb, v)
		}
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&printed, nil)).Info("x", "v", v)
		if raw, err := json.Marshal(v); err == nil {
			printed.Write(raw)
		}
		for _, needle := range []string{"999993847", "Fictief", "39393939"} {
			if strings.Contains(printed.String(), needle) {
				t.Errorf("%T prints %s", v, needle)
			}
		}
	}
}

func TestOIN(t *testing.T) {
	for _, good := range []string{"00000099000001001000", "00000001823288444000", "00000003123456780000"} {
		if _, err := ParseOIN(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "0000009900000100100", "000000990000010010000", "0000009900000100100a", "00000000000001001000", "10000099000001001000"} {
		if _, err := ParseOIN(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

// changed is the catalogues with one text in the place of another.
func changed(t testing.TB, name, from, to string) map[string][]byte {
	t.Helper()
	all := schemas.Catalogues()
	text := strings.Replace(string(all[name]), from, to, 1)
	if text == string(all[name]) {
		t.Fatalf("the %s catalogue does not hold %q", name, from)
	}
	all[name] = []byte(text)
	return all
}

func TestCataloguesAreStrict(t *testing.T) {
	for what, c := range map[string][3]string{
		"an unknown member":                 {"purposes", `"article"`, `"artikel"`},
		"a purpose twice":                   {"purposes", `"investigation/serious-problems"`, `"investigation/client-request"`},
		"a trigger that is not there":       {"purposes", `"triggers": ["client-request"]`, `"triggers": ["data-match"]`},
		"a weighing that is not there":      {"purposes", `"weighing": "duty"`, `"weighing": "command"`},
		"an unknown regime in a purpose":    {"purposes", `{"regimes": ["none"], `, `{"regimes": ["nobody"], `},
		"a domain that is not there":        {"purposes", `"asked": ["social-support", `, `"asked": ["tax", `},
		"a task that is not there":          {"purposes", `"askers": ["investigation"]`, `"askers": ["detection"]`},
		"a statement that is not there":     {"purposes", `{"statement": "question"}`, `{"statement": "hunch"}`},
		"an unknown involvement":            {"purposes", `"involvement": ["in-consultation"]`, `"involvement": ["unaware"]`},
		"an unknown phase":                  {"purposes", `"phase": "investigation"`, `"phase": "always"`},
		"a forbidden use that is not there": {"purposes", `"notFor": ["fraud"`, `"notFor": ["fun"`},
		"a deadline of no days":             {"purposes", `"days": 42`, `"days": 0`},
		"no retention":                      {"purposes", `"atMost": 24`, `"atMost": 0`},
		"an item twice":                     {"items", `"rent-arrears"`, `"tenancy"`},
		"an unknown category":               {"items", `"criminal"`, `"secret"`},
		"an unknown depth":                  {"items", `"process"`, `"all"`},
		"an item of no domain":              {"items", `"domain": "housing"`, `"domain": "tax"`},
		"an unknown regime":                 {"grounds", `"wjsg"`, `"none at all"`},
		"a weighing of no ground":           {"weighings", `"grounds": ["not-held"`, `"grounds": ["too-much-work"`},
		"a ground of other weighings":       {"weighings", `"grounds": ["not-held"`, `"grounds": ["criteria-not-met"`},
		"a ground of no weighing":           {"grounds", `"weighings": ["duty"`, `"weighings": ["command"`},
		"a role that is not there":          {"domains", `"asks": ["requester"]`, `"asks": ["boss"]`},
		"a trigger without statement":       {"triggers", `"coherence"`, `"hunch"`},
		"a choice twice":                    {"statements", `{"code": "running"`, `{"code": "problems"`},
		"a step twice":                      {"weighings", `"code": "good-care"`, `"code": "consent"`},
		"a route that nobody chooses": {"weighings", `"route": "without-consent",
          "outcomes"`, `"route": "by-force",
          "outcomes"`},
	} {
		if _, err := ParseLaw(changed(t, c[0], c[1], c[2])); err == nil {
			t.Errorf("accepted %s", what)
		}
	}
	for _, name := range CatalogueNames {
		all := schemas.Catalogues()
		all[name] = append(all[name], '1')
		if _, err := ParseLaw(all); err == nil {
			t.Errorf("accepted something behind the %s", name)
		}
		delete(all, name)
		if _, err := ParseLaw(all); err == nil {
			t.Errorf("accepted a law without %s", name)
		}
	}
}

// What is wrong in the ways and weighings of a purpose is refused, and the error
// says what and where.
func TestWaysAreStrict(t *testing.T) {
	const way = `{"askers": ["investigation"], "asked": ["housing", "debts"], "triggers": ["client-request"], "involvement": ["in-consultation"]}`
	const rule = `{"regimes": ["none", "wgbo"], "weighing": "necessity", "categories": ["ordinary"]}`
	parse := func(ways, weighing string) error {
		all := schemas.Catalogues()
		all["purposes"] = []byte(`{"version": 1, "uses": [], "purposes": [{
			"code": "trial", "article": "9.9.9", "phase": "investigation", "name": {"nl": "Proef", "en": "Trial"}, "explain": {"nl": "Een proef.", "en": "A trial."},
			"ways": [` + ways + `], "weighing": [` + weighing + `], "deadline": {"days": 3, "from": "request"},
			"retention": {"article": "9.9.9", "atMost": 1, "from": [{"moment": "client-informed"}]}}]}`)
		_, err := ParseLaw(all)
		return err
	}
	if err := parse(way, rule); err != nil {
		t.Fatal(err)
	}
	service, municipal := strings.Replace(way, `"triggers"`, `"heldBy": ["service"], "triggers"`, 1), strings.Replace(way, `"triggers"`, `"heldBy": ["municipal-service"], "triggers"`, 1)
	if err := parse(service+","+municipal, rule); err != nil {
		t.Errorf("two ways that differ in who holds the data: %v", err)
	}
	for _, c := range []struct{ ways, weighing, says string }{
		{"", rule, "lacks ways or weighing"},
		{way, "", "lacks ways or weighing"},
		{strings.Replace(way, `["investigation"]`, `[]`, 1), rule, "a way lacks askers"},
		{strings.Replace(way, `"asked": ["housing", "debts"], `, ``, 1), rule, "a way lacks askers, asked"},
		{strings.Replace(way, `"involvement"`, `"betrokkenheid"`, 1), rule, "unknown field"},
		{strings.Replace(way, `"in-consultation"`, `"unaware"`, 1), rule, "an unknown involvement"},
		{strings.Replace(way, `"housing"`, `"tax"`, 1), rule, "there is no domain tax"},
		{way + "," + strings.Replace(way, `"housing", `, ``, 1), rule, "two ways have the same asker, asked and trigger"},
		{strings.Replace(way, `"triggers"`, `"heldBy": ["detection"], "triggers"`, 1), rule, "there is no task detection"},
		{strings.Replace(way, `["investigation"]`, `["investigation", "mayor"]`, 1), rule, "mayor may ask and can open no case for it"},
		{strings.Replace(way, `["client-request"]`, `["client-request", "report"]`, 1), rule, "no asker can open a case on report"},
		{way + "," + service, rule, "two ways have the same asker, asked and trigger"},
		{way, strings.Replace(rule, `"none", "wgbo"`, ``, 1), "weighing necessity lacks regimes or categories"},
		{way, strings.Replace(rule, `"ordinary"`, ``, 1), "weighing necessity lacks regimes or categories"},
		{way, strings.Replace(rule, `"ordinary"`, `"secret"`, 1), "weighing necessity names an unknown category"},
		{way, rule + "," + strings.Replace(rule, `"none", `, ``, 1), "a regime that stands under necessity as well"},
	} {
		if err := parse(c.ways, c.weighing); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "trial") && c.says != "unknown field" {
			t.Errorf("%s %s: %v; want an error that says %q", c.ways, c.weighing, err, c.says)
		}
	}
}

// Issue 3: another purpose is another file, not another program.
func TestPurposeAddedAtRunTime(t *testing.T) {
	law, err := ParseLaw(changed(t, "purposes", `    {
      "code": "investigation/client-request"`, `    {
      "code": "experiment/warm-welcome",
      "article": "9.9.9", "phase": "investigation",
      "name": {"nl": "Proef", "en": "Experiment"}, "explain": {"nl": "Een proef.", "en": "An experiment."},
      "ways": [{"askers": ["investigation"], "asked": ["housing"], "triggers": ["client-request"], "involvement": ["in-consultation"]}],
      "weighing": [{"regimes": ["none"], "weighing": "necessity", "categories": ["ordinary"]}],
      "deadline": {"days": 3, "from": "request"},
      "retention": {"article": "9.9.9", "atMost": 1, "from": [{"moment": "client-informed"}]}
    },
    {
      "code": "investigation/client-request"`))
	if err != nil {
		t.Fatal(err)
	}
	r := toHousing()
	r.Purpose, r.Statements, r.Due = "experiment/warm-welcome", nil, noon.AddDate(0, 0, 3)
	if _, _, err := ask(testLaw(t), r, college, housing, requester, noon); err == nil {
		t.Error("the law that does not know the purpose accepts it")
	}
	if _, _, err := ask(law, r, college, housing, requester, noon); err != nil {
		t.Error(err)
	}
	x, _, err := Accept(law, r, college, housing, noon)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = x.Decide(law, partial(), housing, officer, Policy{}, noon)
	wantRefusal(t, "its own weighing", err, WeighingOpen)
	if x, _, err = x.Weigh(law, Step{Code: "necessary", Outcome: "yes", Text: Hide("x")}, housing, officer, noon); err != nil {
		t.Fatal(err)
	}
	if _, _, err = x.Decide(law, partial(), housing, officer, Policy{}, noon); err != nil {
		t.Error(err)
	}
}

func FuzzParsePartyID(f *testing.F) {
	f.Add("00000099000001001000:investigation")
	f.Add("00000099000001001000:")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePartyID(s)
		if err == nil && p.String() != s {
			t.Errorf("accepted %q, which is written %q", s, p)
		}
	})
}

func FuzzParseLaw(f *testing.F) {
	for i, name := range CatalogueNames {
		f.Add(i, schemas.Catalogues()[name])
	}
	f.Fuzz(func(t *testing.T, i int, document []byte) {
		if i < 0 || i >= len(CatalogueNames) {
			return
		}
		all := schemas.Catalogues()
		all[CatalogueNames[i]] = document
		law, err := ParseLaw(all)
		if err != nil {
			return
		}
		// Whatever parses can be interpreted without a panic.
		r := toHousing()
		_, _, _ = ask(law, r, college, housing, requester, noon)
		x := Exchange{ID: r.ID, Side: Supplier, Phase: Weighing, Request: r}
		_, _, _ = x.Decide(law, partial(), housing, officer, Policy{}, noon)
	})
}

// What a node does with every request, on both sides. The floor is the
// eleven-test and the parsing of two party IDs, which it can't do without.
func BenchmarkCheckRequest(b *testing.B) {
	law := testLaw(b)
	r := toProbation(b)
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			if _, err := ParseBSN("999993847"); err != nil {
				b.Fatal(err)
			}
			for _, id := range []string{"00000099000001001000:investigation", "00000099000003003000:probation"} {
				if _, err := ParsePartyID(id); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("law", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := law.CheckRequest(r, college, probation, noon); err != nil {
				b.Fatal(err)
			}
		}
	})
}
