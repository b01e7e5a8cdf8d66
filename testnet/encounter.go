package testnet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// A Kind is a way in which an exchange of a load goes.
type Kind string

// The kinds, by what their supplier is bound to and what becomes of them.
const (
	PlainAnswer   Kind = "answered"        // no statutory secrecy: decided at once
	SecretAnswer  Kind = "weighed"         // Wjsg: two steps, then a condition on passing on
	NamedAnswer   Kind = "answered-name"   // the supplier may not process the BSN
	NothingGiven  Kind = "withheld"        // all of it, with a ground
	TakenBack     Kind = "withdrawn"       // after it was delivered
	PassedOnwards Kind = "answered-onward" // the answer goes on to a third party, and the supplier hears of it
)

// UsualMix is what a load does by default.
var UsualMix = map[Kind]int{PlainAnswer: 4, SecretAnswer: 2, NamedAnswer: 1, NothingGiven: 1, TakenBack: 1, PassedOnwards: 1}

// ParseMix reads a mix such as "answered=3,withdrawn=1".
func ParseMix(text string) (map[Kind]int, error) {
	mix := map[Kind]int{}
	for part := range strings.SplitSeq(text, ",") {
		name, share, _ := strings.Cut(part, "=")
		var n int
		if _, err := fmt.Sscanf(share, "%d", &n); err != nil || n < 1 || n > 1000 || UsualMix[Kind(name)] == 0 {
			return nil, fmt.Errorf("a mix is one or more of %s, each with = and a share such as 3, with commas between", strings.Join(kindNames(), ", "))
		}
		mix[Kind(name)] = n
	}
	return mix, nil
}

func kindNames() (all []string) {
	for _, k := range slices.Sorted(maps.Keys(UsualMix)) {
		all = append(all, string(k))
	}
	return all
}

// casts are the parties of [Members] of which a load has many: one that asks, and
// those that it asks.
var casts = []string{"municipality", "debt-help", "probation", "housing", "youth-care"}

// LoadMembers are n invented organisations, in turn of each kind that a load
// needs, each with a number of its own that is reserved for tests.
func LoadMembers(n int) ([]Member, error) {
	if n < len(casts) || n > 5000 {
		return nil, fmt.Errorf("a load needs %d to 5000 parties", len(casts))
	}
	var all []Member
	for i := range n {
		m := Members(casts[i%len(casts)])[0]
		number := i/len(casts) + 1
		m.Key = fmt.Sprintf("%s-%d", m.Key, number)
		m.Party.OIN = exchange.OIN(fmt.Sprintf("00000099%09d000", 100_000+i))
		m.Party.Name = fmt.Sprintf("%s %d", m.Party.Name, number)
		all = append(all, m)
	}
	return all, nil
}

// of is the party of a kind whose turn it is. Turns of different kinds drift
// apart, so that in time every party has to do with every other.
func (n *Net) of(cast string, turn int) Member {
	i := slices.Index(casts, cast)
	count := (len(n.order) - i + len(casts) - 1) / len(casts)
	return n.nodes[n.order[i+(turn%count)*len(casts)]].member
}

// people are numbers that are published for tests.
var people = []string{"999993847", "999991905", "999993653", "999990482"}

// An encounter is one exchange of a load.
type encounter struct {
	net  *Net
	kind Kind
	turn int

	receipt, answer time.Duration // that it took; 0 where it did not come
}

// play plays it to its end, and returns the step at which it failed.
func (e *encounter) play(ctx context.Context) (step string, err error) {
	asker := e.net.of("municipality", e.turn)
	cast := map[Kind]string{SecretAnswer: "probation", NamedAnswer: "housing"}[e.kind]
	if cast == "" {
		cast = "debt-help"
	}
	supplier := e.net.of(cast, e.turn/3+e.turn)
	from, to := e.net.nodes[asker.Key].running.node, e.net.nodes[supplier.Key].running.node
	who, decider := peer.Who{ID: "i.dewit", Hat: "investigation"}, peer.Who{ID: supplier.Staff[0].ID}
	request, err := e.request(asker, supplier)
	if err != nil {
		return "compose", err
	}
	c, err := from.OpenCase(ctx, who, caseAbout(request))
	if err != nil {
		return "open a case", whyOf(err)
	}
	request.Case = c.ID
	began := time.Now()
	x, err := from.Ask(ctx, who, peer.Asking{Request: request, Person: 1})
	if err != nil {
		return "ask", whyOf(err)
	}
	if err := waitFor(ctx, from, x.ID, exchange.Delivered); err != nil {
		return "wait for the receipt", whyOf(err)
	}
	e.receipt = time.Since(began)
	if e.kind == TakenBack {
		if _, err := from.Withdraw(ctx, who, x.ID); err != nil {
			return "withdraw", whyOf(err)
		}
		return "wait until it is withdrawn", whyOf(waitFor(ctx, to, x.ID, exchange.Withdrawn))
	}
	if e.kind == SecretAnswer {
		for _, s := range []exchange.Step{
			{Code: "act-allows", Outcome: "yes", Text: exchange.Hide("article 39f, first paragraph, of the Wjsg")}, {Code: "least", Outcome: "yes"},
		} {
			if _, err := to.Weigh(ctx, decider, x.ID, s); err != nil {
				return "weigh", whyOf(err)
			}
		}
	}
	began = time.Now()
	if _, err := to.Decide(ctx, decider, x.ID, e.decision(request)); err != nil {
		return "decide", whyOf(err)
	}
	ends := exchange.Answered
	if e.kind == NothingGiven {
		ends = exchange.Refused
	}
	if err := waitFor(ctx, from, x.ID, ends); err != nil {
		return "wait for the answer", whyOf(err)
	}
	e.answer = time.Since(began)
	if e.kind != PassedOnwards {
		return "", nil
	}
	third := e.net.of("youth-care", e.turn)
	passing, err := from.PassOn(ctx, who, x.ID, peer.PassingAsking{
		To: partyOf(third), Purpose: "investigation/inform", Items: []exchange.ItemCode{request.Items[0].Item}, Why: exchange.Hide("to fit the help for the children to it"),
	})
	if err != nil {
		return "pass on", whyOf(err)
	}
	return "wait for what is passed on", whyOf(waitFor(ctx, e.net.nodes[third.Key].running.node, passing, exchange.Answered))
}

// waitFor waits until an exchange is in a phase, and fails when it ended in
// another way.
func waitFor(ctx context.Context, n *peer.Node, id exchange.ID, want exchange.Phase) error {
	s, err := n.Wait(ctx, id, want, exchange.Answered, exchange.Refused, exchange.Rejected, exchange.Expired, exchange.Withdrawn)
	if err == nil && s.Phase != want {
		err = fmt.Errorf("it is %s", s.Phase)
	}
	return err
}

func partyOf(m Member) exchange.PartyID {
	return exchange.PartyID{OIN: m.Party.OIN, Capacity: m.Party.Capacities[0].Code}
}

func (e *encounter) request(from, to Member) (exchange.Request, error) {
	today := time.Now().UTC().Truncate(24 * time.Hour)
	bsn, err := exchange.ParseBSN(people[e.turn%len(people)])
	r := exchange.Request{
		From: partyOf(from), To: partyOf(to), Purpose: "investigation/client-request", Specific: exchange.Hide("to plan the help together with him"),
		Statements: []exchange.Statement{
			{Code: "question", Text: exchange.Hide("running")}, {Code: "why-this-party", Text: exchange.Hide("he told us that he is helped there")},
		},
		Trigger: exchange.TriggerNote{Code: "client-request", On: today},
		Subject: exchange.Subject{
			Standing: exchange.Client, BSN: bsn, Name: exchange.Hide("Fictief Persoon"), Born: exchange.Hide("1987-03-14"), Address: exchange.Hide("Sluisweg 12, Voorbeeldstad"),
		},
		Involvement: exchange.Involvement{State: exchange.InConsultation}, Contact: exchange.Hide("06-00000000"),
	}
	beyond := exchange.Statement{Code: "beyond-social-domain", Text: exchange.Hide("it decides what help is possible")}
	why := exchange.Hide("to plan the first month around it")
	switch e.kind {
	case SecretAnswer:
		r.Statements = append(r.Statements, beyond)
		r.Items = []exchange.AskedItem{{
			Item: "supervision-running", Depth: exchange.Process, Why: why,
			Statements: []exchange.Statement{{Code: "service-choice", Text: exchange.Hide("which work track fits in his week")}},
		}}
	case NamedAnswer:
		r.Statements = append(r.Statements, beyond)
		r.Items = []exchange.AskedItem{{Item: "rent-arrears", Depth: exchange.That, Why: why}}
	default:
		r.Items = []exchange.AskedItem{{Item: "debt-plan", Depth: exchange.Content, Why: why}, {Item: "debt-creditors", Depth: exchange.That, Why: why}}
	}
	if to.Party.Capacities[0].MayProcessBSN {
		r.Subject.Name, r.Subject.Born, r.Subject.Address = exchange.Personal{}, exchange.Personal{}, exchange.Personal{}
	} else {
		r.Subject.BSN = exchange.BSN{}
	}
	return r, err
}

func caseAbout(r exchange.Request) exchange.Case {
	return exchange.Case{
		Trigger: exchange.Trigger{
			Code: "client-request", On: r.Trigger.On, Scope: []exchange.DomainCode{"debts", "housing", "youth-care", "probation"},
			Statements: []exchange.Statement{
				{Code: "act", Text: exchange.Hide("wmo")}, {Code: "suspicion", Text: exchange.Hide("client-said")},
				{Code: "coherence", Text: exchange.Hide("debts keep him from work and from a home")},
			},
		},
		People: []exchange.Person{{Standing: exchange.Client, BSN: r.Subject.BSN, Name: r.Subject.Name, Born: r.Subject.Born, Address: r.Subject.Address}},
	}
}

// decision supplies what was asked, or nothing.
func (e *encounter) decision(r exchange.Request) (d exchange.Decision) {
	for _, i := range r.Items {
		item := exchange.ItemDecision{Item: i.Item, Outcome: exchange.Supply, Depth: i.Depth, Value: exchange.Hide("agreed until the end of March")}
		if e.kind == NothingGiven {
			item = exchange.ItemDecision{Item: i.Item, Outcome: exchange.Withhold, Ground: "not-necessary", Reason: exchange.Hide("it adds nothing")}
		}
		d.Items = append(d.Items, item)
	}
	if e.kind == SecretAnswer {
		d.Conditions = []exchange.Condition{{Code: exchange.AskFirst}}
	}
	return d
}
