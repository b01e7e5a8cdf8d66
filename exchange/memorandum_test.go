package exchange_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluis/exchange"
)

// Rules of the memorandum that no single article has; docs/law.md names the
// test of each.

// taskOf is a task that may hold the file of a domain.
func taskOf(law *exchange.Law, d exchange.Domain) exchange.TaskCode {
	if _, ok := law.Task(exchange.TaskCode(d.Code)); ok {
		return exchange.TaskCode(d.Code) // a file of the college, the mayor's, the House's
	}
	return "municipal-service"
}

// mustState is what the act wants stated of a request, and of its items by
// category; it is written here and not read from the catalogue.
var mustState = map[exchange.PurposeCode]string{
	"investigation/client-request":       "question why-this-party beyond-social-domain service-choice/health service-choice/criminal tuning/special background",
	"investigation/serious-problems":     "question why-this-party beyond-social-domain service-choice/health service-choice/criminal tuning/special background",
	"investigation/reuse":                "question service-choice/health tuning/special",
	"serious-problems/motivated-request": "lasting no-help decline nuisance can-help attempts",
	"conference/investigation":           "why-this-party service-choice/health service-choice/criminal tuning/special background",
	"conference/coordination":            "why-this-party service-choice/health service-choice/criminal tuning/special background",
	"conference/taking":                  "service-choice/health service-choice/criminal tuning/special background",
	"coordination":                       "why-this-party service-choice/health service-choice/criminal tuning/special background",
	"coordination/contribution":          "service-choice/health service-choice/criminal",
	"investigation/inform":               "service-choice/health",
	"handover/services":                  "service-choice/health",
	"handover/mayor":                     "service-choice/health service-choice/criminal",
	"handover/coordinator":               "service-choice/health service-choice/criminal",
	"triage":                             "service-choice/health service-choice/criminal background",
	"report-forward":                     "service-choice/health",
	"report-moved":                       "service-choice/health",
	"zvh-alignment":                      "outline service-choice/criminal",
}

// mustBegin is what the act wants stated before a case begins: each of the
// first, and one of the second.
var mustBegin = map[exchange.TriggerCode][2][]exchange.StatementCode{
	"client-request":  {{"act", "suspicion", "coherence"}},
	"party-request":   {{"lasting", "no-help", "decline", "can-help", "attempts", "why-accepted"}, {"nuisance", "safety"}},
	"report":          {{"resident", "worries", "contact-tried"}},
	"coordination":    {{"appointed", "approach-agreed"}},
	"takes-part":      {{"own-part"}},
	"own-task":        {{"own-act", "own-part"}},
	"own-involvement": {{"own-part"}},
	"takes-up-report": {{"own-part"}},
	"safety-house":    {{"own-part"}},
}

// A pair is a task that may ask and a domain that may be asked.
type pair struct {
	asker exchange.TaskCode
	asked exchange.DomainCode
}

// pairs lists them for a purpose: of each way the first task, with each domain.
func pairs(p exchange.Purpose) (all []pair) {
	for _, w := range p.Ways {
		for _, d := range w.Asked {
			all = append(all, pair{w.Askers[0], d})
		}
	}
	return all
}

// unless tries a request with one statement left out, and with its text left
// out: both are refused.
func unless(t *testing.T, s *scene, all []exchange.Statement, put func([]exchange.Statement)) {
	t.Helper()
	for i, stated := range all {
		what := fmt.Sprintf("%s without %s", s.Request.Purpose, stated.Code)
		put(slices.Delete(slices.Clone(all), i, i+1))
		refused(t, what, s.ask(), exchange.StatementMissing)
		blank := slices.Clone(all)
		blank[i].Text = exchange.Personal{}
		put(blank)
		refused(t, what+" in words", s.ask(), exchange.StatementMissing)
	}
	put(all)
}

// M1-076, 077, 098, 106 and 110, art. 2.3a.1(4), 2.3a.4(1), 5.4.1(2): whatever
// a purpose wants stated of a request, or of an item that is health, special,
// criminal or background, is stated, or nothing is asked.
func TestEveryStatementIsNeeded(t *testing.T) {
	law := lawInForce(t)
	tried := map[exchange.PurposeCode]int{}
	seen := map[string]bool{}
	for p := range law.Purposes() {
		for _, pair := range pairs(p) {
			code := pair.asked
			domain, _ := law.Domain(code)
			for item := range law.Items() {
				if item.Domain != code || !slices.Contains(p.Categories(), item.Category) {
					continue
				}
				asker := capacity(pair.asker, "social-support", exchange.NoSecrecy)
				s := between(t, p.Code, asker, capacity(taskOf(law, domain), code, exchange.NoSecrecy), item.Code)
				if s.ask() != nil && s.within().ask() != nil {
					continue // who may ask whom is another test: TestLawTableCells
				}
				tried[p.Code]++
				unless(t, s, s.Request.Statements, func(all []exchange.Statement) { s.Request.Statements = all })
				unless(t, s, s.Request.Items[0].Statements, func(all []exchange.Statement) { s.Request.Items[0].Statements = all })
				for _, stated := range s.Request.Statements {
					seen[fmt.Sprintf("%s %s", p.Code, stated.Code)] = true
				}
				for _, stated := range s.Request.Items[0].Statements {
					seen[fmt.Sprintf("%s %s", p.Code, stated.Code)] = true
					seen[fmt.Sprintf("%s %s/%s", p.Code, stated.Code, item.Category)] = true
				}
			}
		}
	}
	for p := range law.Purposes() {
		if tried[p.Code] == 0 {
			t.Errorf("%s: nothing was tried", p.Code)
		}
	}
	for purpose, all := range mustState {
		for _, code := range strings.Fields(all) {
			if !seen[string(purpose)+" "+code] {
				t.Errorf("%s does not want %s stated", purpose, code)
			}
		}
	}
}

// M1-073, 086 to 088, 091 and 175, art. 2.3a.1(1), 2.3a.4(1), 2.3a.3(1), 2.2.5:
// a case whose trigger lacks what the law wants stated does not begin.
func TestEveryTriggerIsStatedInFull(t *testing.T) {
	law := lawInForce(t)
	for rule := range law.Triggers() {
		if want := mustBegin[rule.Code]; !slices.Equal(rule.All, want[0]) || !slices.Equal(rule.Any, want[1]) {
			t.Errorf("%s wants %v and one of %v stated; the act wants %v", rule.Code, rule.All, rule.Any, want)
		}
		own := capacity(rule.Tasks[0], "social-support", exchange.NoSecrecy)
		task, _ := law.Task(own.Task)
		begin := func(change func(*exchange.Trigger)) error {
			s := &scene{law: law}
			c := exchange.Case{
				ID: "0193a0b0-0000-7000-8000-00000000000c", Own: exchange.PartyID{OIN: askerOIN, Capacity: own.Code}, Trigger: s.trigger(rule, housing),
				People: []exchange.Person{{Standing: exchange.Client, Name: x("J. Fictief"), Born: x("1980-02-29"), Address: x("Voorbeeldstraat 1")}},
			}
			change(&c.Trigger)
			_, _, err := exchange.OpenCase(law, c, party(askerOIN, own), actor("a.jansen", task.Asks[0], own.Code), noon)
			return err
		}
		drop := func(codes ...exchange.StatementCode) error {
			return begin(func(tr *exchange.Trigger) {
				tr.Statements = slices.DeleteFunc(tr.Statements, func(s exchange.Statement) bool { return slices.Contains(codes, s.Code) })
			})
		}
		if err := begin(func(*exchange.Trigger) {}); err != nil {
			t.Errorf("%s, stated in full: %v", rule.Code, err)
		}
		for _, code := range rule.All {
			refused(t, fmt.Sprintf("%s without %s", rule.Code, code), drop(code), exchange.StatementMissing)
		}
		if len(rule.Any) > 0 {
			refused(t, fmt.Sprintf("%s with none of %v", rule.Code, rule.Any), drop(rule.Any...), exchange.StatementMissing)
		}
		for i, code := range rule.All {
			if stated, _ := law.Statement(code); len(stated.Choices) > 0 {
				// The client who refuses, the data match, the neighbouring town.
				err := begin(func(tr *exchange.Trigger) { tr.Statements[i].Text = x("otherwise") })
				refused(t, fmt.Sprintf("%s with another %s than the law has", rule.Code, code), err, exchange.BadStatement)
			}
		}
	}
}

// M1-018, 074, 079 and 147: the client's request comes under one of five acts,
// and that there is more comes out in one of four ways; under each the same
// investigation follows.
func TestRequestUnderEachAct(t *testing.T) {
	for code, choices := range map[exchange.StatementCode][]string{
		"act":       {"wmo", "jeugdwet", "participatiewet", "schuldhulp", "wi2021"},
		"suspicion": {"client-said", "client-answered", "own-observation", "linked"},
	} {
		for _, choice := range choices {
			s := between(t, "investigation/client-request", investigation, housing, "rent-arrears")
			i := slices.IndexFunc(s.Case.Trigger.Statements, func(s exchange.Statement) bool { return s.Code == code })
			s.Case.Trigger.Statements[i].Text = x(choice)
			s.mustAsk(t)
			s.supplies(t, "duty")
		}
	}
}

// M1-084 and 202 (memorandum §4.3.1, no fishing): more parties in a case within
// a week than the purpose takes for granted, whatever each is asked, need a
// reason; nothing forbids them.
func TestManyPartiesNeedAReason(t *testing.T) {
	tried := 0
	for p := range lawInForce(t).Purposes() {
		if p.ManyParties == 0 || !slices.ContainsFunc(pairs(p), func(x pair) bool { return x.asker == "investigation" }) {
			continue
		}
		begin := func(others, daysAgo int) *scene {
			s := between(t, p.Code, investigation, capacity("municipal-service", "debts", exchange.NoSecrecy), "debt-total")
			for i := range others {
				r := s.Request
				r.To = exchange.PartyID{OIN: exchange.OIN(fmt.Sprintf("00000099%09d000", 500+i)), Capacity: "other"}
				r.Items = []exchange.AskedItem{{Item: exchange.ItemCode(fmt.Sprintf("item-%d", i))}}
				s.Earlier = append(s.Earlier, exchange.Earlier{Request: r, At: noon.AddDate(0, 0, -daysAgo)})
			}
			if strings.HasSuffix(string(p.Code), "/reuse") {
				return s.within() // what the college itself has
			}
			return s
		}
		begin(p.ManyParties-1, 1).mustAsk(t)
		begin(p.ManyParties, 8).mustAsk(t)
		many := begin(p.ManyParties, 1)
		refused(t, string(p.Code)+" of one party too many", many.ask(), exchange.BroadRequest)
		many.Broad = x("six helpers come to the house, and nobody knows of the other")
		many.mustAsk(t)
		tried++
	}
	if tried < 3 {
		t.Errorf("only %d purposes were tried", tried)
	}
}

// M1-195, art. 5.4.2(5) and 5.4.4: that a coordinator may use the number does
// not give it to the helper of the same organisation.
func TestNumberBelongsToTheCapacity(t *testing.T) {
	bsn, err := exchange.ParseBSN("999993847")
	if err != nil {
		t.Fatal(err)
	}
	welfare := capacity("service", "welfare", exchange.NoSecrecy)
	welfare.MayProcessBSN = false
	foundation := exchange.Party{OIN: askerOIN, Capacities: []exchange.Capacity{coordination, welfare}}
	for _, c := range []struct {
		as     exchange.Capacity
		number bool
	}{{coordination, true}, {welfare, false}} {
		own := exchange.Case{Own: exchange.PartyID{OIN: askerOIN, Capacity: c.as.Code}, People: []exchange.Person{
			{Standing: exchange.Client, BSN: bsn, Name: x("J. Fictief"), Born: x("1980-02-29"), Address: x("Voorbeeldstraat 1")},
		}}
		r := exchange.Request{From: own.Own, To: exchange.PartyID{OIN: askedOIN, Capacity: debts.Code}}
		s, err := own.Subject(1, foundation, party(askedOIN, debts), r)
		if err != nil || s.BSN.Zero() == c.number {
			t.Errorf("as %s: by number %t, %v", c.as.Code, !s.BSN.Zero(), err)
		}
	}
}

// M1-197, art. 9(2)(h) GDPR: content is for who asks, decides or guards
// privacy, under the hat of that capacity; a manager or a supervisor has no
// part in a case.
func TestWhoMayLook(t *testing.T) {
	s := between(t, "investigation/serious-problems", investigation, mentalHealth, "crisis-plan").mustAsk(t)
	held := s.accept(t)
	may := map[exchange.Role]bool{
		exchange.Professional: true, exchange.Requester: true, exchange.Coordinator: true, exchange.ReportingDesk: true, exchange.PrivacyOfficer: true,
	}
	for _, role := range exchange.Roles {
		_, inExchange := held.View(actor("a.kijker", role, mentalHealth.Code), noon)
		_, inCase := s.Case.View(actor("a.kijker", role, investigation.Code), noon)
		if may[role] != (inExchange == nil) || may[role] != (inCase == nil) {
			t.Errorf("%s looks: at a request %v, at a case %v", role, inExchange, inCase)
		}
		_, err := held.View(actor("a.kijker", role, "another"), noon)
		refused(t, fmt.Sprintf("%s of another capacity", role), err, exchange.ActorMayNot)
	}
	elsewhere := actor("a.kijker", exchange.Professional, mentalHealth.Code)
	elsewhere.Hat = "another"
	_, err := held.View(elsewhere, noon)
	refused(t, "under another hat", err, exchange.WrongHat)
}

// M1-162 (memorandum §4.6): the FEC, iCOV and RIEC are no parties: no domain,
// no task, and nobody asks them for any purpose.
func TestPartnershipsAreNoParties(t *testing.T) {
	law := lawInForce(t)
	for _, code := range []exchange.DomainCode{"fec", "icov", "riec"} {
		if _, ok := law.Domain(code); ok {
			t.Errorf("%s is a domain", code)
		}
		if _, ok := law.Task(exchange.TaskCode(code)); ok {
			t.Errorf("%s is a task", code)
		}
		for p := range law.Purposes() {
			asked := capacity("service", code, exchange.NoSecrecy)
			asker := capacity(pairs(p)[0].asker, "investigation", exchange.NoSecrecy)
			_, err := law.May(p.Code, exchange.Pair{Asker: asker, Asked: asked}, exchange.Ordinary)
			refused(t, fmt.Sprintf("%s asks %s", p.Code, code), err, exchange.PurposeNotAsked)
		}
	}
}

// M1-075, art. 2.3a.1(4): six weeks bind where the client asked. The text has
// no term for serious problems (2.3a.4): a later day may be named there, and
// what stands in the catalogue is a default.
func TestSixWeeksBindTheClientsRequestOnly(t *testing.T) {
	for p := range lawInForce(t).Purposes() {
		bound := p.Code == "investigation/client-request"
		if (p.Deadline.From == exchange.FromTrigger) != bound {
			t.Errorf("%s: its term runs from the %s", p.Code, p.Deadline.From)
		}
	}
	later := between(t, "investigation/serious-problems", investigation, housing, "nuisance-reports")
	later.Request.Due = noon.AddDate(0, 0, 90)
	later.mustAsk(t)
	late := between(t, "investigation/client-request", investigation, housing, "nuisance-reports")
	late.Request.Due = noon.AddDate(0, 0, 90)
	refused(t, "2.3a.1(4): ninety days for the client's own request", late.ask(), exchange.DeadlineTooLate)
}

// M1-123 and A64, art. 5.4.2(2): without consent secrecy gives way to serious
// problems only, also where the client himself asked for the investigation.
func TestOnlySeriousProblemsBreakSecrecy(t *testing.T) {
	for _, asked := range []exchange.Capacity{mentalHealth, youthCare} {
		item := exchange.ItemCode("crisis-plan")
		if asked.Domain == "youth-care" {
			item = "safety-concerns"
		}
		s := between(t, "investigation/client-request", investigation, asked, item).mustAsk(t)
		serious := slices.IndexFunc(withoutHim, func(step [2]string) bool { return step[0] == "prevents-and-outweighs" })
		_, err := s.decide(s.weigh(t, s.accept(t), slices.Delete(slices.Clone(withoutHim), serious, serious+1)...), s.supplyAll())
		refused(t, "nobody says that they are serious", err, exchange.WeighingOpen)
		_, err = s.decide(s.weigh(t, s.weigh(t, s.accept(t), withoutHim...), [2]string{"prevents-and-outweighs", "no"}), s.supplyAll())
		refused(t, "they are not serious", err, exchange.WeighingStops)
		s.supplies(t, "secrecy", withoutHim...)
	}
}
