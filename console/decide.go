package console

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/exchange"
)

// A decisionForm is the page on which each item is decided.
type decisionForm struct {
	asked
	Items     []itemChoice
	Proposed  []exchange.Condition // by the catalogue
	Simple    []exchange.ConditionRule
	Domains   []option
	MaySupply bool
	Grounds   []option
	Decision  exchange.Decision // as the form says it, where it is complete
	Changed   bool              // the draft is not the one that was shown before sending
}

// State is a mark of what is drafted: the last page carries it, so that nothing
// leaves but what was looked at, also with two tabs open.
func (d decisionForm) State() string {
	sum := sha256.Sum256([]byte(d.Values.Encode()))
	return hex.EncodeToString(sum[:])
}

// An itemChoice is one item with what can be decided on it.
type itemChoice struct {
	exchange.AskedItem
	Rule   exchange.Item
	Depths []exchange.Depth // at which it can be supplied: what was asked or less
}

// withhold is the value of the choice not to supply.
const withhold = "nee"

// simple are the kinds of condition that need no more than a tick.
var simple = []exchange.ConditionCode{exchange.AskFirst, exchange.AskEachTime, exchange.NoOnward, exchange.AfterTold}

// decision reads the request with all that can be decided on it.
func (v *visit) decision() (d decisionForm, err error) {
	if d.asked, err = v.read(); err != nil {
		return d, err
	}
	law := v.c.node.Law()
	d.MaySupply = d.Stops.Code == "" && len(d.Open) == 0
	for _, i := range d.Request.Items {
		c := itemChoice{AskedItem: i, Rule: v.c.item(i.Item)}
		for _, depth := range exchange.Depths {
			if _, ok := c.Rule.Depths[depth]; ok && depth.Within(i.Depth) && d.MaySupply {
				c.Depths = append(c.Depths, depth)
			}
		}
		d.Items = append(d.Items, c)
	}
	own, regime := v.c.node.Identity().Party, exchange.NoSecrecy
	if _, r, err := law.WeighingOf(d.Request, own, v.actor); err == nil {
		regime = r
	}
	for g := range law.Grounds() {
		if d.Rule.Fits(g, regime) {
			d.Grounds = append(d.Grounds, option{string(g.Code), in(v.lang, g.Name)})
		}
	}
	for _, code := range simple {
		if rule, ok := law.Condition(code); ok {
			d.Simple = append(d.Simple, rule)
		}
	}
	for domain := range law.Domains() {
		d.Domains = append(d.Domains, option{string(domain.Code), in(v.lang, domain.Name)})
	}
	if proposed, err := v.c.node.Proposed(v.r.Context(), v.who(), d.Exchange); err == nil {
		d.Proposed = proposed
	}
	return d, nil
}

// decidePage shows the form, with what was kept of it.
func decidePage(v *visit) error {
	d, err := v.decision()
	if err != nil {
		return err
	}
	if !d.Mine {
		return v.redirect("/werkbak/" + string(d.ID))
	}
	if !v.refilled {
		if err := v.recall(&d); err != nil {
			return err
		}
	}
	return v.show("decide", v.word("decide.title"), d)
}

// recall fills in what was kept, or what the page begins with: the conditions
// that the catalogue proposes are ticked.
func (v *visit) recall(d *decisionForm) error {
	kept, err := v.c.node.Draft(v.r.Context(), v.who(), d.ID)
	if err != nil {
		return err
	}
	if d.Values, err = url.ParseQuery(kept.Reveal()); err != nil || len(d.Values) == 0 {
		d.Values = url.Values{}
		for _, c := range d.Proposed {
			d.Values.Add("vw", string(c.Code))
		}
	}
	return nil
}

// fillIn keeps what was filled in and goes on to the preview, or back.
func fillIn(v *visit) error {
	if v.field("actie") == "stil" { // the page keeps itself while somebody writes: he looks at nothing anew
		id, err := v.id()
		if err != nil {
			return err
		}
		if err := v.keepDraft(id); err != nil {
			return err
		}
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	d, err := v.decision()
	if err != nil {
		return err
	}
	if !d.Mine {
		return v.redirect("/werkbak/" + string(d.ID))
	}
	d.Values = v.r.PostForm
	if err := v.keepDraft(d.ID); err != nil {
		return err
	}
	if v.field("actie") == "later" {
		v.say("decide.saved")
		return v.redirect("/werkbak")
	}
	if v.judge(&d); len(d.Mistakes) > 0 {
		return v.show("decide", v.word("decide.title"), d)
	}
	return v.redirect("/werkbak/" + string(d.ID) + "/controle")
}

// keepDraft keeps what was filled in, sealed with the dossier.
func (v *visit) keepDraft(id exchange.ID) error {
	return v.c.node.SaveDraft(v.r.Context(), v.who(), id, exchange.Hide(hidden(v.r.PostForm).Encode()))
}

// judge makes the decision of the form, and says what is missing in it.
func (v *visit) judge(d *decisionForm) {
	get := func(name string) string {
		return strings.TrimSpace(strings.ReplaceAll(d.Values.Get(name), "\r\n", "\n"))
	}
	for _, i := range d.Items {
		code := string(i.Item)
		one := exchange.ItemDecision{Item: i.Item, Tell: exchange.Hide(get("bericht." + code))}
		name := in(v.lang, i.Rule.Name)
		switch choice := get("besluit." + code); {
		case choice == "":
			d.wrong("besluit."+code, v.word("decide.choose", "item", name))
			continue
		case choice == withhold:
			one.Outcome, one.Ground = exchange.Withhold, exchange.GroundCode(get("grond."+code))
			if one.Ground == "" {
				d.wrong("grond."+code, v.word("decide.ground.missing", "item", name))
			}
		default:
			one.Outcome, one.Depth, one.Value = exchange.Supply, exchange.Depth(choice), exchange.Hide(get("waarde."+code))
			if one.Value.Blank() {
				d.wrong("waarde."+code, v.word("decide.value.missing", "item", name))
			}
		}
		d.Decision.Items = append(d.Decision.Items, one)
	}
	d.Decision.Note = exchange.Hide(get("notitie"))
	v.conditions(d)
	if len(d.Mistakes) > 0 {
		return
	}
	if err := v.c.node.Law().CheckDecision(d.Request, d.Weighing, d.Decision, v.c.node.Identity().Party, v.actor); err != nil {
		d.Mistakes = append(d.Mistakes, v.advice(err))
	}
}

// conditions are those that were chosen, for what is supplied.
func (v *visit) conditions(d *decisionForm) {
	d.Decision.Conditions = []exchange.Condition{}
	if len(d.Decision.Supplied()) == 0 {
		return
	}
	supplied := func(items []exchange.ItemCode) (left []exchange.ItemCode) {
		for _, i := range d.Decision.Items {
			if i.Outcome == exchange.Supply && slices.Contains(items, i.Item) {
				left = append(left, i.Item)
			}
		}
		return left
	}
	var chosen []exchange.ConditionCode
	for _, c := range d.Proposed {
		if !d.Has("vw", string(c.Code)) {
			continue
		}
		if len(c.Items) > 0 {
			if c.Items = supplied(c.Items); len(c.Items) == 0 {
				continue
			}
		}
		d.Decision.Conditions, chosen = append(d.Decision.Conditions, c), append(chosen, c.Code)
	}
	for _, code := range simple {
		if d.Has("vw", string(code)) && !slices.Contains(chosen, code) {
			d.Decision.Conditions = append(d.Decision.Conditions, exchange.Condition{Code: code})
		}
	}
	var domains []exchange.DomainCode
	for _, code := range d.Values["niet-aan"] {
		domains = append(domains, exchange.DomainCode(code))
	}
	if len(domains) > 0 {
		d.Decision.Conditions = append(d.Decision.Conditions, exchange.Condition{Code: exchange.NotTo, Domains: domains})
	}
	if text := strings.TrimSpace(d.Values.Get("wissen")); text != "" {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			d.wrong("wissen", v.word("decide.day"))
			return
		}
		if !day.After(v.c.now()) {
			d.wrong("wissen", v.word("decide.delete.past"))
			return
		}
		d.Decision.Conditions = append(d.Decision.Conditions, exchange.Condition{Code: exchange.DeleteBy, Until: day})
	}
}

// drafted is the decision as it was kept.
func (v *visit) drafted() (d decisionForm, err error) {
	if d, err = v.decision(); err != nil {
		return d, err
	}
	if !d.Mine {
		return d, nil
	}
	if err := v.recall(&d); err != nil {
		return d, err
	}
	v.judge(&d)
	return d, nil
}

// previewPage shows what the other party will receive, and what it won't.
func previewPage(v *visit) error {
	d, err := v.drafted()
	switch {
	case err != nil:
		return err
	case !d.Mine:
		return v.redirect("/werkbak/" + string(d.ID))
	case len(d.Mistakes) > 0:
		return v.show("decide", v.word("decide.title"), d)
	}
	return v.show("preview", v.word("preview.title"), d)
}

// decide records what was decided. Until here everything could be taken back.
func decide(v *visit) error {
	d, err := v.drafted()
	switch {
	case err != nil:
		return err
	case !d.Mine: // somebody else was faster, or it was sent twice
		v.say("decide.overtaken")
		return v.redirect("/werkbak/" + string(d.ID))
	case len(d.Mistakes) > 0:
		return v.show("decide", v.word("decide.title"), d)
	case v.field("stand") != d.State():
		d.Changed = true
		return v.show("preview", v.word("preview.title"), d)
	}
	if _, err := v.c.node.Decide(v.r.Context(), v.who(), d.ID, d.Decision); err != nil {
		d.Mistakes = append(d.Mistakes, v.advice(err))
		return v.show("decide", v.word("decide.title"), d)
	}
	if err := v.c.node.SaveDraft(v.r.Context(), v.who(), d.ID, exchange.Personal{}); err != nil {
		return err
	}
	return v.redirect("/werkbak/" + string(d.ID) + "/klaar")
}

// donePage confirms, and has a note for the professional's own dossier.
func donePage(v *visit) error {
	a, err := v.read()
	if err != nil {
		return err
	}
	return v.show("done", v.word("done.title"), a)
}

// Proposal is a mark of the decision that is proposed: nobody confirms another than
// he has before him.
func (a asked) Proposal() string { return strconv.FormatInt(a.Decision.At.UnixNano(), 36) }

// secondEyes lets a proposed decision leave, or gives it back.
func secondEyes(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if v.field("actie") == "terug" {
		if v.text("waarom").Blank() {
			a, err := v.read()
			if err != nil {
				return err
			}
			a.wrong("waarom", v.word("second.why.missing"))
			return v.show("request", v.word("request.title"), a)
		}
		if _, err := v.c.node.Return(v.r.Context(), v.who(), id, v.text("waarom")); err != nil {
			return err
		}
		v.say("second.returned")
		return v.redirect("/werkbak")
	}
	a, err := v.read()
	if err != nil {
		return err
	}
	if v.field("stand") != a.Proposal() {
		a.wrong("", v.word("second.changed"))
		return v.show("request", v.word("request.title"), a)
	}
	if _, err := v.c.node.Confirm(v.r.Context(), v.who(), id); err != nil {
		return err
	}
	return v.redirect("/werkbak/" + string(id) + "/klaar")
}
