package console

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// holders are the roles in which somebody can hold what others supplied. In which
// task which of them may pass it on, the law says.
var holders = deciders

// drawPassing is the map for who holds what others supplied, and for who supplied
// it and is asked whether it may go on.
func (c *Console) drawPassing() {
	c.page("GET /ontvangen", holders, listReceived)
	c.page("GET /ontvangen/{id}", holders, receivedPage)
	c.page("GET /verzoeken/{id}/doorgeven", holders, passingPage)
	c.page("POST /verzoeken/{id}/doorgeven", holders, passOn)
	c.page("GET /verzoeken/{id}/doorgegeven", holders, passedPage)
	c.page("GET /verzoeken/{id}/spoor", holders, holderTrace)
	c.page("GET /werkbak/{id}/spoor", deciders, supplierTrace)
	c.page("GET /werkbak/afgehandeld", deciders, listHandled)
	c.page("GET /werkbak/{id}/verbeteren", deciders, correctPage)
	c.page("POST /werkbak/{id}/verbeteren", deciders, correct)
	c.page("GET /werkbak/{id}/toestemming", deciders, listPermissions)
	c.page("GET /werkbak/{id}/toestemming/{permission}", deciders, permissionPage)
	c.page("POST /werkbak/{id}/toestemming/{permission}", deciders, decidePermission)
	c.page("POST /werkbak/{id}/toestemming/{permission}/intrekken", deciders, withdrawPermission)
}

// listReceived lists what others passed on to the capacity: nothing says whom it
// concerns.
func listReceived(v *visit) error {
	all, err := v.everything(peer.Filter{Side: exchange.Asker, Here: true, Hat: v.session.hat})
	if err != nil {
		return err
	}
	slices.Reverse(all)
	if v.field("deel") != "" {
		return v.part("passing-list", "received", all)
	}
	return v.show("passing-list", v.word("received.title"), all)
}

// held opens what we hold, of the path. The view is in the ledger.
func (v *visit) held() (x exchange.Exchange, err error) {
	id, err := v.id()
	if err != nil {
		return x, err
	}
	if x, err = v.c.node.Open(v.r.Context(), v.who(), id); err != nil {
		return x, err
	}
	if x.Side != exchange.Asker {
		return x, errNoPage
	}
	return x, nil
}

// A received is what another party passed on, with the conditions that are about it.
type received struct {
	exchange.Exchange
	Travelled []exchange.Layer
	Barred    bool // nothing of it may go on
}

// receivedPage shows what another party passed on, with what everybody before
// wants of it.
func receivedPage(v *visit) error {
	x, err := v.held()
	if err != nil {
		return err
	}
	if !x.PassedOn() {
		return errNoPage
	}
	return v.show("passing-received", v.word("received.one"), received{x, travelling(x, x.Given(), nil), v.barred(x)})
}

// answerOf is the page on which somebody reads what he holds.
func answerOf(x exchange.Exchange) string {
	if x.PassedOn() {
		return "/ontvangen/" + string(x.ID)
	}
	return "/verzoeken/" + string(x.ID)
}

// An onward is what went on of an exchange, and what was asked for it.
type onward struct {
	ID      exchange.ID
	Passed  []exchange.Passing           // by us
	Further []exchange.Passing           // by others, as we were told
	Asked   []exchange.PermissionRequest // by us
	OfUs    []exchange.PermissionRequest // to us
}

// onwardOf gathers what a page shows of what goes on with the data.
func onwardOf(x exchange.Exchange) onward {
	o := onward{ID: x.ID}
	for _, p := range x.Passings {
		if p.From == x.Own() {
			o.Passed = append(o.Passed, p)
		} else {
			o.Further = append(o.Further, p)
		}
	}
	for _, r := range x.Permissions {
		if r.Holder == x.Own() {
			o.Asked = append(o.Asked, r)
		} else {
			o.OfUs = append(o.OfUs, r)
		}
	}
	return o
}

// correctedOn is when an item got another value, the last time.
func correctedOn(x exchange.Exchange, item exchange.ItemCode) (at time.Time) {
	for _, c := range x.Corrections {
		if c.Kind == exchange.Rectification && slices.ContainsFunc(c.Items, func(i exchange.CorrectedItem) bool { return i.Item == item }) {
			at = c.At
		}
	}
	return at
}

// A way is how an item can go on.
type way string

// The ways, as a page and its words name them.
const (
	wayPass  way = "pass"  // it may go
	wayAsk   way = "ask"   // who supplied it must be asked first
	wayAsked way = "asked" // that was done, and is not decided
	wayTold  way = "told"  // it may go, or be asked for, when the person knows
	wayStop  way = "stop"  // a condition is in the way
	wayLaw   way = "law"   // the law does not let this party have it for this purpose
	wayMark  way = "mark"  // it may not be read now
)

// A passingItem is one item with what becomes of it when somebody passes it on.
type passingItem struct {
	exchange.AnsweredItem
	Way     way
	Because []exchange.Objection
	Asks    []exchange.PartyID
	Reason  string // why the law does not let it
}

// Open reports whether somebody can choose it.
func (i passingItem) Open() bool { return i.Way == wayPass || i.Way == wayAsk || i.Way == wayTold }

// A passingForm is the page on which somebody chooses what goes on to a party.
type passingForm struct {
	form
	exchange.Exchange
	Receiver exchange.PartyID
	Purpose  exchange.Purpose
	Items    []passingItem
	Simple   []exchange.ConditionRule
	Domains  []option
	Today    string
	// Of the page on which it is checked:
	Asking  peer.PassingAsking
	Pass    []passingItem // what goes now
	Ask     []passingItem // what is asked for
	Travel  []exchange.Layer
	Told    []exchange.PartyID // who is told that it went on
	Askees  []askee
	Changed bool // something else is the case than when the page was made
}

// An askee is somebody whose permission is asked, with for what.
type askee struct {
	Party exchange.PartyID
	Items []exchange.ItemCode
}

// A receiverChoice is a purpose with the parties that can have something for it.
type receiverChoice struct {
	exchange.Purpose
	Parties []receiver
}

// A receiver is a party that the law lets have something, with what the
// conditions say of it.
type receiver struct {
	ID      exchange.PartyID
	Label   string
	Word    string // pass, ask, part or stop
	Because []exchange.Objection
}

// A receivers is the first page of passing on.
type receivers struct {
	ID      exchange.ID
	Back    string
	Choices []receiverChoice
}

// passingPage asks to whom and for what, and then which items.
func passingPage(v *visit) error {
	if v.field("aan") == "" {
		return chooseReceiver(v)
	}
	f, err := v.passingForm()
	if err != nil {
		return err
	}
	return v.show("passing", v.word("passing.title"), f)
}

// chooseReceiver lists whom the law lets have something of it, and for what. It
// opens nothing.
func chooseReceiver(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	routes, err := v.c.node.Routes(v.r.Context(), v.who(), id)
	if err != nil {
		return err
	}
	s, err := v.c.node.Status(v.r.Context(), id, v.session.hat)
	if err != nil {
		return err
	}
	list := receivers{ID: id, Back: "/verzoeken/" + string(id)}
	if s.PassedOn {
		list.Back = "/ontvangen/" + string(id)
	}
	labels := map[exchange.PartyID]string{}
	for _, o := range v.others() {
		labels[o.id] = o.label
	}
	for _, r := range routes {
		purpose := v.c.purpose(r.Purpose)
		if r.To == s.To || purpose.Absence != "" || purpose.Taking {
			continue // who gave it to us has it; a case conference has pages of its own
		}
		// As if the person knows: the next page asks when he was told.
		judged, err := v.c.node.JudgePassing(v.r.Context(), v.who(), id, peer.PassingAsking{To: r.To, Purpose: r.Purpose, Items: r.Items, Told: v.c.now()})
		if err != nil {
			return err
		}
		one := receiver{ID: r.To, Label: labels[r.To]}
		seen := map[exchange.Verdict]bool{}
		for _, j := range judged {
			seen[j.Verdict] = true
			for _, o := range j.Because {
				if j.Verdict == exchange.Forbidden && o.Verdict == exchange.Forbidden && !slices.ContainsFunc(one.Because, func(b exchange.Objection) bool {
					return b.By == o.By && v.sentence(b) == v.sentence(o)
				}) {
					one.Because = append(one.Because, o)
				}
			}
		}
		switch {
		case len(seen) > 1:
			one.Word, one.Because = "part", nil
		case seen[exchange.Permitted]:
			one.Word = string(wayPass)
		case seen[exchange.NeedsPermission]:
			one.Word = string(wayAsk)
		default:
			one.Word = string(wayStop)
		}
		if n := len(list.Choices); n == 0 || list.Choices[n-1].Code != r.Purpose {
			list.Choices = append(list.Choices, receiverChoice{Purpose: purpose})
		}
		last := &list.Choices[len(list.Choices)-1]
		last.Parties = append(last.Parties, one)
	}
	return v.show("passing-whom", v.word("passing.whom"), list)
}

// sentence is what a condition says, in the reader's language.
func (v *visit) sentence(o exchange.Objection) string {
	return in(v.lang, v.c.node.Law().SentenceOf(o.Condition, o.By, v.c.nameOf))
}

// passingForm puts the page together for the party and the purpose of the address.
func (v *visit) passingForm() (f passingForm, err error) {
	f.form.Values, f.Today = v.r.Form, v.c.now().In(office).Format(time.DateOnly)
	id, err := v.id()
	if err != nil {
		return f, err
	}
	routes, err := v.c.node.Routes(v.r.Context(), v.who(), id)
	if err != nil {
		return f, err
	}
	if f.Receiver, err = exchange.ParsePartyID(v.field("aan")); err != nil {
		return f, errNoPage
	}
	at := slices.IndexFunc(routes, func(r peer.Route) bool {
		return r.To == f.Receiver && r.Purpose == exchange.PurposeCode(v.field("doel"))
	})
	if at < 0 {
		return f, errNoPage
	}
	route := routes[at]
	f.Purpose = v.c.purpose(route.Purpose)
	if f.Exchange, err = v.held(); err != nil {
		return f, err
	}
	told, ok := v.day("verteld")
	if !ok || told.After(v.c.now()) {
		f.wrong("verteld", v.word("passing.told.wrong"))
		told = time.Time{}
	}
	f.Asking = peer.PassingAsking{To: route.To, Purpose: route.Purpose, Why: v.text("waarom"), Told: told}
	if f.Items, err = v.passingItems(f.Exchange, route, told); err != nil {
		return f, err
	}
	law := v.c.node.Law()
	for _, code := range simple {
		if rule, ok := law.Condition(code); ok {
			f.Simple = append(f.Simple, rule)
		}
	}
	for d := range law.Domains() {
		f.Domains = append(f.Domains, option{string(d.Code), in(v.lang, d.Name)})
	}
	return f, nil
}

// passingItems says of each item that was supplied what becomes of it.
func (v *visit) passingItems(x exchange.Exchange, route peer.Route, told time.Time) (all []passingItem, err error) {
	judge := func(told time.Time) (map[exchange.ItemCode]exchange.ItemJudgement, error) {
		list, err := v.c.node.JudgePassing(v.r.Context(), v.who(), x.ID, peer.PassingAsking{To: route.To, Purpose: route.Purpose, Items: route.Items, Told: told})
		by := map[exchange.ItemCode]exchange.ItemJudgement{}
		for _, j := range list {
			by[j.Item] = j
		}
		return by, err
	}
	now, err := judge(told)
	if err != nil {
		return nil, err
	}
	after, err := judge(v.c.now())
	if err != nil {
		return nil, err
	}
	for _, i := range x.Answer.Items {
		if i.Outcome != exchange.Supply {
			continue
		}
		one := passingItem{AnsweredItem: i, Way: wayLaw}
		j, reached := now[i.Item]
		switch {
		case i.Mark != "":
			one.Way = wayMark
		case !reached:
			a := peer.PassingAsking{To: route.To, Purpose: route.Purpose, Items: []exchange.ItemCode{i.Item}, Why: exchange.Hide("-"), Told: told}
			if err := v.c.node.CheckPassing(v.r.Context(), v.who(), x.ID, a); err != nil {
				one.Reason = v.advice(err).Text
			}
		case j.Verdict == exchange.Permitted:
			one.Way = wayPass
		case j.Verdict == exchange.NeedsPermission:
			one.Way = wayAsk
			if awaits(x, route, i.Item) {
				one.Way = wayAsked
			}
		case after[i.Item].Verdict != exchange.Forbidden:
			one.Way = wayTold
		default:
			one.Way = wayStop
		}
		for _, o := range j.Because {
			if o.Verdict == j.Verdict {
				one.Because = append(one.Because, o)
			}
		}
		one.Asks = j.Asks()
		all = append(all, one)
	}
	return all, nil
}

// awaits reports whether permission for this was asked and is not decided.
func awaits(x exchange.Exchange, route peer.Route, item exchange.ItemCode) bool {
	return slices.ContainsFunc(x.Permissions, func(r exchange.PermissionRequest) bool {
		return r.Holder == x.Own() && r.State == exchange.PermissionAsked && r.Recipient == route.To && r.Purpose == route.Purpose && slices.Contains(r.Items, item)
	})
}

// passOn shows what would happen, and does it from there.
func passOn(v *visit) error {
	f, err := v.passingForm()
	if err != nil {
		return err
	}
	if v.field("actie") == "terug" {
		f.Mistakes = nil
		return v.show("passing", v.word("passing.title"), f)
	}
	if v.weighPassing(&f); len(f.Mistakes) > 0 {
		return v.show("passing", v.word("passing.title"), f)
	}
	if f.Changed = v.field("actie") == "versturen" && v.field("stand") != f.State(); f.Changed || v.field("actie") != "versturen" {
		return v.show("passing-check", v.word("passing.check"), f)
	}
	made := url.Values{}
	if len(f.Pass) > 0 {
		f.Asking.Items = codesOf(f.Pass)
		id, err := v.c.node.PassOn(v.r.Context(), v.who(), f.ID, f.Asking)
		if err != nil {
			f.Mistakes = append(f.Mistakes, v.advice(err))
			return v.show("passing", v.word("passing.title"), f)
		}
		made.Add("d", string(id))
	}
	if len(f.Ask) > 0 {
		f.Asking.Items, f.Asking.Conditions = codesOf(f.Ask), nil
		ids, err := v.c.node.AskPermissions(v.r.Context(), v.who(), f.ID, f.Asking)
		if err != nil && len(f.Pass) == 0 && len(ids) == 0 {
			f.Mistakes = append(f.Mistakes, v.advice(err))
			return v.show("passing", v.word("passing.title"), f)
		}
		if err != nil { // what went before it can't be taken back
			v.say("passing.half")
		}
		for _, id := range ids {
			made.Add("t", string(id))
		}
	}
	return v.redirect("/verzoeken/" + string(f.ID) + "/doorgegeven?" + made.Encode())
}

// weighPassing makes the passing of the form, and says what is missing in it.
func (v *visit) weighPassing(f *passingForm) {
	for _, i := range f.Items {
		if !f.Has("gegeven", string(i.Item)) {
			continue
		}
		switch i.Way {
		case wayPass:
			f.Pass = append(f.Pass, i)
		case wayAsk:
			f.Ask = append(f.Ask, i)
		case wayTold:
			f.wrong("verteld", v.word("passing.told.missing", "item", in(v.lang, v.c.item(i.Item).Name)))
		default:
			f.wrong("gegevens", v.word("passing.cannot", "item", in(v.lang, v.c.item(i.Item).Name)))
		}
	}
	if len(f.Pass)+len(f.Ask) == 0 && len(f.Mistakes) == 0 {
		f.wrong("gegevens", v.word("ask.nothing"))
	}
	if f.Asking.Why.Blank() {
		f.wrong("waarom", v.word("passing.why.missing"))
	}
	v.added(f)
	if len(f.Mistakes) > 0 {
		return
	}
	if len(f.Pass) > 0 {
		a := f.Asking
		a.Items = codesOf(f.Pass)
		if err := v.c.node.CheckPassing(v.r.Context(), v.who(), f.ID, a); err != nil {
			f.Mistakes = append(f.Mistakes, v.advice(err))
		}
	}
	f.Travel = travelling(f.Exchange, codesOf(f.Pass), f.Asking.Conditions)
	for _, l := range f.Layers() {
		if l.By != f.Own() && !slices.Contains(f.Told, l.By) {
			f.Told = append(f.Told, l.By)
		}
	}
	for _, i := range f.Ask {
		for _, p := range i.Asks {
			at := slices.IndexFunc(f.Askees, func(a askee) bool { return a.Party == p })
			if at < 0 {
				at = len(f.Askees)
				f.Askees = append(f.Askees, askee{Party: p})
			}
			f.Askees[at].Items = append(f.Askees[at].Items, i.Item)
		}
	}
}

// added reads the conditions that the passer adds.
func (v *visit) added(f *passingForm) {
	for _, code := range simple {
		if f.Has("vw", string(code)) {
			f.Asking.Conditions = append(f.Asking.Conditions, exchange.Condition{Code: code})
		}
	}
	var domains []exchange.DomainCode
	for _, code := range f.Values["niet-aan"] {
		domains = append(domains, exchange.DomainCode(code))
	}
	if len(domains) > 0 {
		f.Asking.Conditions = append(f.Asking.Conditions, exchange.Condition{Code: exchange.NotTo, Domains: domains})
	}
	day, ok := v.day("wissen")
	if !ok {
		f.wrong("wissen", v.word("decide.day"))
	} else if !day.IsZero() && !day.After(v.c.now()) {
		f.wrong("wissen", v.word("decide.delete.past"))
	} else if !day.IsZero() {
		f.Asking.Conditions = append(f.Asking.Conditions, exchange.Condition{Code: exchange.DeleteBy, Until: day})
	}
}

// travelling are the conditions that go along with items, by whose they are.
func travelling(x exchange.Exchange, items []exchange.ItemCode, added []exchange.Condition) (all []exchange.Layer) {
	for _, l := range append(x.Layers(), exchange.Layer{By: x.Own(), Conditions: added}) {
		if some := about(l.Conditions, items); len(some) > 0 {
			all = append(all, exchange.Layer{By: l.By, Conditions: some})
		}
	}
	return all
}

// about are the conditions that are about one of the items.
func about(all []exchange.Condition, items []exchange.ItemCode) (some []exchange.Condition) {
	for _, c := range all {
		if len(c.Items) == 0 || slices.ContainsFunc(c.Items, func(i exchange.ItemCode) bool { return slices.Contains(items, i) }) {
			some = append(some, c)
		}
	}
	return some
}

func codesOf(items []passingItem) (codes []exchange.ItemCode) {
	for _, i := range items {
		codes = append(codes, i.Item)
	}
	return codes
}

// State is what a check page was made of: where it is another when somebody
// presses the button, he sees the page anew. It also keeps what is sent twice
// from happening twice.
func (f passingForm) State() string {
	parts := []string{strconv.Itoa(len(f.Passings)), strconv.Itoa(len(f.Permissions))}
	for _, i := range f.Pass {
		parts = append(parts, fmt.Sprint(wayPass, ".", i.Item))
	}
	for _, i := range f.Ask {
		parts = append(parts, fmt.Sprint(wayAsk, ".", i.Item))
	}
	return strings.Join(parts, " ")
}

// Hidden is the form as it goes along with the check.
func (f passingForm) Hidden() url.Values { return hidden(f.Values) }

// Act is the key of the word for what the button does.
func (f passingForm) Act() string {
	switch {
	case len(f.Ask) == 0:
		return "pass"
	case len(f.Pass) == 0:
		return "ask"
	}
	return "both"
}

// A passed is what was just done.
type passed struct {
	exchange.Exchange
	Passed []exchange.Passing
	Asked  []exchange.PermissionRequest
	Back   string
}

// passedPage confirms what was done, and says what happens now.
func passedPage(v *visit) error {
	x, err := v.held()
	if err != nil {
		return err
	}
	p := passed{Exchange: x, Back: answerOf(x)}
	o := onwardOf(x)
	for _, one := range o.Passed {
		if slices.Contains(v.r.Form["d"], string(one.ID)) {
			p.Passed = append(p.Passed, one)
		}
	}
	for _, one := range o.Asked {
		if slices.Contains(v.r.Form["t"], string(one.ID)) {
			p.Asked = append(p.Asked, one)
		}
	}
	if len(p.Passed)+len(p.Asked) == 0 {
		return v.redirect(p.Back)
	}
	return v.show("passing-done", v.word("passing.done"), p)
}
