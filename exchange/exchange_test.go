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
)

const testPurposes = `{"version":1,"purposes":[
 {"code":"investigation","article":"2.3a.1","name":{"nl":"onderzoek","en":"investigation"},"explain":{"nl":"x","en":"x"},
  "askers":["investigation"],"asked":["housing","probation","youth-care"],"categories":["ordinary","health","criminal"],"deadlineDays":42},
 {"code":"triage","article":"5.5.3","name":{"nl":"triage","en":"triage"},"explain":{"nl":"x","en":"x"},
  "askers":["reporting-desk"],"asked":["housing"],"categories":["ordinary"],"deadlineDays":7}]}`

const testItems = `{"version":1,"items":[
 {"code":"arrears","domain":"housing","category":"ordinary","name":{"nl":"a","en":"a"},"explain":{"nl":"x","en":"x"},
  "depths":{"that":{"nl":"x","en":"x"},"content":{"nl":"x","en":"x"}}},
 {"code":"nuisance","domain":"housing","category":"health","name":{"nl":"a","en":"a"},"explain":{"nl":"x","en":"x"},
  "depths":{"that":{"nl":"x","en":"x"},"process":{"nl":"x","en":"x"},"content":{"nl":"x","en":"x"}}},
 {"code":"offence","domain":"probation","category":"criminal","name":{"nl":"a","en":"a"},"explain":{"nl":"x","en":"x"},
  "depths":{"that":{"nl":"x","en":"x"},"content":{"nl":"x","en":"x"}}},
 {"code":"belief","domain":"housing","category":"special","name":{"nl":"a","en":"a"},"explain":{"nl":"x","en":"x"},
  "depths":{"that":{"nl":"x","en":"x"}}}]}`

const testGrounds = `{"version":1,"grounds":[
 {"code":"not-necessary","article":"5.4.2(1)","regimes":["none","wjsg"],"name":{"nl":"x","en":"x"}},
 {"code":"act-forbids","article":"5.4.2(3)","regimes":["wjsg"],"name":{"nl":"x","en":"x"}}]}`

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testLaw(t testing.TB) *Law {
	t.Helper()
	law, err := ParseLaw([]byte(testPurposes), []byte(testItems), []byte(testGrounds))
	if err != nil {
		t.Fatal(err)
	}
	return law
}

var (
	college = Party{OIN: "00000099000001001000", Name: "gemeente Voorbeeldstad", Capacities: []Capacity{
		{Code: "investigation", Domain: "social-support", Task: "investigation", Regime: NoSecrecy, MayProcessBSN: true, Special: []Category{Health, Criminal}},
		{Code: "desk", Domain: "reporting-desk", Task: "reporting-desk", Regime: NoSecrecy, MayProcessBSN: true},
	}}
	housing = Party{OIN: "00000099000002002000", Name: "woningcorporatie Thuis", Capacities: []Capacity{
		{Code: "housing", Domain: "housing", Task: "service", Regime: NoSecrecy},
	}}
	probation = Party{OIN: "00000099000003003000", Name: "reclassering Noord", Capacities: []Capacity{
		{Code: "probation", Domain: "probation", Task: "service", Regime: Wjsg, MayProcessBSN: true, Special: []Category{Criminal}},
	}}
	requester = Actor{ID: "a.jansen", Name: Hide("A. Jansen"), Roles: []Grant{{Requester, "investigation"}, {Requester, "desk"}}}
	officer   = Actor{ID: "b.devries", Name: Hide("B. de Vries"), Roles: []Grant{{Professional, "probation"}, {Professional, "housing"}}}
)

func toHousing() Request {
	return Request{
		ID: "0193a0b0-0000-7000-8000-000000000001", Case: "0193a0b0-0000-7000-8000-00000000000c",
		From: PartyID{college.OIN, "investigation"}, To: PartyID{housing.OIN, "housing"},
		Purpose: "investigation", Specific: Hide("to plan help"),
		Subject:     Subject{Name: Hide("J. Fictief"), Born: Hide("1980-02-29"), Address: Hide("Voorbeeldstraat 1")},
		Items:       []AskedItem{{"arrears", Content, Hide("debts are part of it")}, {"nuisance", Process, Hide("to know what runs")}},
		Involvement: Involvement{State: InConsultation}, Contact: Hide("06-00000000"), Due: noon.AddDate(0, 0, 42),
	}
}

func toProbation(t testing.TB) Request {
	t.Helper()
	bsn, err := ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	r := toHousing()
	r.To = PartyID{probation.OIN, "probation"}
	r.Subject = Subject{BSN: bsn}
	r.Items = []AskedItem{{"offence", That, Hide("whether a supervision runs")}}
	return r
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
		{"5.4.2(1): a specific purpose", func(r *Request) { r.Specific = Personal{} }, ReasonMissing},
		{"5.4.2(1): why each item is needed", func(r *Request) { r.Items[1].Why = Personal{} }, ReasonMissing},
		{"5.4.2(5): no BSN to who may not process it", func(r *Request) { r.Subject = Subject{BSN: bsn} }, BSNNotAllowed},
		{"5.4.2(5): no BSN beside the name either", func(r *Request) { r.Subject.BSN = bsn }, BSNNotAllowed},
		{"art. 14 GDPR: why the client does not know", func(r *Request) { r.Involvement = Involvement{State: NotYetInformed} }, ReasonMissing},
		{"a category outside the purpose", func(r *Request) { r.Items = []AskedItem{{"belief", That, Hide("x")}} }, CategoryForbidden},
		{"an item of another domain", func(r *Request) { r.Items = []AskedItem{{"offence", That, Hide("x")}} }, ItemNotHeld},
		{"an item that does not exist", func(r *Request) { r.Items[0].Item = "everything" }, UnknownItem},
		{"a depth that the item does not have", func(r *Request) { r.Items[0].Depth = Process }, BadDepth},
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
		_, _, err := Ask(law, r, college, housing, requester, noon)
		wantRefusal(t, c.rule+", at the asker", err, c.code)
		_, _, err = Accept(law, r, college, housing, noon)
		wantRefusal(t, c.rule+", at the supplier", err, c.code)
	}
	for name, r := range map[string]Request{"by name": toHousing(), "by BSN": toProbation(t)} {
		to := housing
		if r.To.OIN == probation.OIN {
			to = probation
		}
		if _, _, err := Ask(law, r, college, to, requester, noon); err != nil {
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
	_, _, err := Ask(testLaw(t), toProbation(t), narrow, probation, requester, noon)
	wantRefusal(t, "criminal data for a college that may not process it", err, CategoryAsker)
}

func TestOnlyARequesterAsks(t *testing.T) {
	_, _, err := Ask(testLaw(t), toHousing(), college, housing, officer, noon)
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
		{Item: "arrears", Outcome: Supply, Depth: That, Value: Hide("yes")},
		{Item: "nuisance", Outcome: Withhold, Ground: "not-necessary", Reason: Hide("stays here")},
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
		{"an item that was not asked", func(d *Decision) { d.Items[0].Item = "belief" }, ItemNotAsked},
		{"an item twice", func(d *Decision) { d.Items[1] = d.Items[0] }, ItemTwice},
		{"deeper than asked", func(d *Decision) {
			d.Items[1] = ItemDecision{Item: "nuisance", Outcome: Supply, Depth: Content, Value: Hide("x")}
		}, DeeperThanAsked},
		{"a depth that the item does not have", func(d *Decision) { d.Items[0].Depth = Process }, BadDepth},
		{"supplied without content", func(d *Decision) { d.Items[0].Value = Personal{} }, ContentMissing},
		{"withheld with content", func(d *Decision) { d.Items[1].Value = Hide("x") }, ContentSurplus},
		{"5.4.2(3): a ground of another regime", func(d *Decision) { d.Items[1].Ground = "act-forbids" }, UnknownGround},
		{"withheld without a ground", func(d *Decision) { d.Items[1].Ground = "" }, UnknownGround},
		{"supplied with a ground", func(d *Decision) { d.Items[0].Ground = "not-necessary" }, BadOutcome},
		{"neither", func(d *Decision) { d.Items[0].Outcome = "maybe" }, BadOutcome},
		{"a condition that does not exist", func(d *Decision) { d.Conditions = []Condition{{Code: "be-nice"}} }, UnknownCondition},
		{"only to nobody", func(d *Decision) { d.Conditions = []Condition{{Code: OnlyTo}} }, BadCondition},
		{"delete by no day", func(d *Decision) { d.Conditions = []Condition{{Code: DeleteBy}} }, BadCondition},
	} {
		x, d := accepted(t, law), partial()
		c.change(&d)
		after, _, err := x.Decide(law, d, housing, officer, noon)
		wantRefusal(t, c.rule, err, c.code)
		if after.Phase != "" {
			t.Errorf("%s: refused, yet something came back", c.rule)
		}
	}
	_, _, err := accepted(t, law).Decide(law, partial(), housing, requester, noon)
	wantRefusal(t, "I1: decided by somebody who is no professional there", err, ActorMayNot)
}

// The whole life, seen from both sides, and what the asker must not learn.
func TestLife(t *testing.T) {
	law := testLaw(t)
	asked, sent, err := Ask(law, toHousing(), college, housing, requester, noon)
	if err != nil {
		t.Fatal(err)
	}
	if sent.Kind != RequestIssued || sent.By != requester.ID || sent.Own != asked.Request.From || sent.Other != asked.Request.To {
		t.Errorf("event of asking: %+v", sent)
	}
	asked, _, err = asked.Deliver(noon)
	if err != nil || asked.Phase != Delivered {
		t.Fatalf("delivered: %v %v", asked.Phase, err)
	}
	held := accepted(t, law)
	held, decided, err := held.Decide(law, partial(), housing, officer, noon)
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
	held, _, err = held.Deliver(noon)
	if err != nil || held.Phase != Answered {
		t.Fatalf("supplier: %v %v", held.Phase, err)
	}
	_, _, err = held.Decide(law, partial(), housing, officer, noon)
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
		{"an item more", func(a *Answer) { a.Items = append(a.Items, AnsweredItem{Item: "belief", Outcome: Withhold}) }, ItemNotAsked},
		{"deeper", func(a *Answer) {
			a.Items[1] = AnsweredItem{Item: "nuisance", Outcome: Supply, Depth: Content, Value: Hide("x")}
		}, DeeperThanAsked},
		{"withheld with content", func(a *Answer) { a.Items[1].Value = Hide("x") }, ContentSurplus},
		{"supplied without content", func(a *Answer) { a.Items[0].Value = Personal{} }, ContentMissing},
		{"twice", func(a *Answer) { a.Items[1] = a.Items[0] }, ItemTwice},
	} {
		x, _, err := Ask(law, toHousing(), college, housing, requester, noon)
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
	steps := map[string]func(Exchange) (Exchange, Event, error){
		"deliver":   func(x Exchange) (Exchange, Event, error) { return x.Deliver(noon) },
		"reject":    func(x Exchange) (Exchange, Event, error) { return x.Reject("bad-request", noon) },
		"expire":    func(x Exchange) (Exchange, Event, error) { return x.Expire(noon) },
		"withdraw":  func(x Exchange) (Exchange, Event, error) { return x.Withdraw(requester, noon) },
		"withdrawn": func(x Exchange) (Exchange, Event, error) { return x.WithdrawnByAsker(noon) },
		"decide":    func(x Exchange) (Exchange, Event, error) { return x.Decide(law, partial(), housing, officer, noon) },
		"receive":   func(x Exchange) (Exchange, Event, error) { return x.Receive(law, partial().Answer(), noon) },
	}
	drawn := map[string]Phase{
		"asker queued deliver": Delivered, "asker queued reject": Rejected, "asker queued expire": Expired,
		"asker queued withdraw": Withdrawn, "asker queued receive": Answered,
		"asker delivered withdraw": Withdrawn, "asker delivered receive": Answered,
		"asker answered deliver": Answered, "asker refused deliver": Refused,
		"asker withdrawn deliver": Withdrawn, "asker withdrawn reject": Withdrawn, "asker withdrawn expire": Withdrawn,
		"asker expired receive":    Answered,
		"supplier weighing decide": Decided, "supplier weighing withdrawn": Withdrawn,
		"supplier decided deliver": Answered, "supplier decided reject": Rejected, "supplier decided expire": Expired,
		"supplier decided withdrawn":  Withdrawn,
		"supplier answered withdrawn": Answered, "supplier refused withdrawn": Refused, "supplier withdrawn withdrawn": Withdrawn,
		"supplier expired withdrawn": Expired, "supplier rejected withdrawn": Rejected,
		"supplier withdrawn deliver": Withdrawn, "supplier withdrawn reject": Withdrawn, "supplier withdrawn expire": Withdrawn,
	}
	sides := map[Side][]Phase{
		Asker:    {Queued, Delivered, Answered, Refused, Withdrawn, Expired, Rejected},
		Supplier: {Weighing, Decided, Answered, Refused, Withdrawn, Expired, Rejected},
	}
	for side, phases := range sides {
		for _, phase := range phases {
			for name, step := range steps {
				x := Exchange{ID: toHousing().ID, Side: side, Phase: phase, Request: toHousing()}
				if side == Supplier && phase != Weighing {
					x.Decision = partial()
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
			}
		}
	}
}

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

func TestCataloguesAreStrict(t *testing.T) {
	for name, bad := range map[string][3]string{
		"an unknown member":   {strings.Replace(testPurposes, `"article"`, `"artikel"`, 1), testItems, testGrounds},
		"a purpose twice":     {strings.Replace(testPurposes, `"triage"`, `"investigation"`, 1), testItems, testGrounds},
		"an item twice":       {testPurposes, strings.Replace(testItems, `"nuisance"`, `"arrears"`, 1), testGrounds},
		"an unknown category": {testPurposes, strings.Replace(testItems, `"criminal"`, `"secret"`, 1), testGrounds},
		"an unknown depth":    {testPurposes, strings.Replace(testItems, `"process"`, `"all"`, 1), testGrounds},
		"an unknown regime":   {testPurposes, testItems, strings.Replace(testGrounds, `"wjsg"`, `"none at all"`, 1)},
		"no deadline":         {strings.Replace(testPurposes, `"deadlineDays":42`, `"deadlineDays":0`, 1), testItems, testGrounds},
		"something after it":  {testPurposes + "{}", testItems, testGrounds},
	} {
		if _, err := ParseLaw([]byte(bad[0]), []byte(bad[1]), []byte(bad[2])); err == nil {
			t.Errorf("accepted %s", name)
		}
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
	f.Add([]byte(testPurposes), []byte(testItems), []byte(testGrounds))
	f.Fuzz(func(t *testing.T, purposes, items, grounds []byte) {
		law, err := ParseLaw(purposes, items, grounds)
		if err != nil {
			return
		}
		// Whatever parses can be interpreted without a panic.
		_ = law.CheckRequest(toHousing(), college, housing, noon)
	})
}
