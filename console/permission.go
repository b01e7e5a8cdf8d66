package console

import (
	"slices"
	"strconv"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// permissionDays is how long a permission holds where nobody says otherwise.
const permissionDays = 14

// A permissionForm is the page on which somebody decides whether what he supplied
// may go on.
type permissionForm struct {
	form
	exchange.Exchange
	Asked   exchange.PermissionRequest
	Purpose exchange.Purpose
	Items   []suppliedItem
	Layer   []exchange.Condition // what we want of these items now
	Once    bool                 // a condition of ours wants it asked each time
}

// A suppliedItem is an item as we supplied it, or passed it on.
type suppliedItem struct {
	Item  exchange.ItemCode
	Depth exchange.Depth
	Value exchange.Personal
	Mark  exchange.Mark
}

// suppliedBy lists what others can have from us of an exchange.
func suppliedBy(x exchange.Exchange) (all []suppliedItem) {
	for _, i := range x.Decision.Items {
		if x.Side == exchange.Supplier && i.Outcome == exchange.Supply {
			all = append(all, suppliedItem{i.Item, i.Depth, i.Value, i.Mark})
		}
	}
	for _, i := range x.Answer.Items {
		if x.Side == exchange.Asker && i.Outcome == exchange.Supply {
			all = append(all, suppliedItem{i.Item, i.Depth, i.Value, i.Mark})
		}
	}
	return all
}

// permissionsWaiting are the exchanges about which permission is asked of the
// capacity, where it passed on itself what others supplied.
func (v *visit) permissionsWaiting() ([]peer.Summary, error) {
	return v.everything(peer.Filter{Side: exchange.Asker, Hat: v.session.hat, Open: true, Asked: true})
}

// A permissionList is all that was asked about one exchange.
type permissionList struct {
	ID  exchange.ID
	All []exchange.PermissionRequest
}

// ofUs opens the exchange of the path and finds what permission was asked of us.
func (v *visit) ofUs() (x exchange.Exchange, all []exchange.PermissionRequest, err error) {
	id, err := v.id()
	if err != nil {
		return x, nil, err
	}
	if x, err = v.c.node.Open(v.r.Context(), v.who(), id); err != nil {
		return x, nil, err
	}
	return x, onwardOf(x).OfUs, nil
}

// listPermissions goes on to the one that waits, or lists them.
func listPermissions(v *visit) error {
	x, all, err := v.ofUs()
	if err != nil {
		return err
	}
	var wait []exchange.ID
	for _, r := range all {
		if r.State == exchange.PermissionAsked {
			wait = append(wait, r.ID)
		}
	}
	if len(wait) == 1 && len(all) == 1 {
		return v.redirect("/werkbak/" + string(x.ID) + "/toestemming/" + string(wait[0]))
	}
	return v.show("permissions", v.word("permission.list"), permissionList{x.ID, all})
}

// permissionForm reads the request for permission of the path.
func (v *visit) permissionForm() (f permissionForm, err error) {
	f.form.Values = v.r.Form
	x, all, err := v.ofUs()
	if err != nil {
		return f, err
	}
	at := slices.IndexFunc(all, func(r exchange.PermissionRequest) bool { return string(r.ID) == v.r.PathValue("permission") })
	if at < 0 {
		return f, errNoPage
	}
	f.Exchange, f.Asked = x, all[at]
	f.Purpose = v.c.purpose(f.Asked.Purpose)
	for _, i := range suppliedBy(x) {
		if slices.Contains(f.Asked.Items, i.Item) {
			f.Items = append(f.Items, i)
		}
	}
	f.Layer = about(x.Decision.Conditions, f.Asked.Items)
	for _, p := range onwardOf(x).Passed {
		if p.To == f.Asked.Holder {
			f.Layer = about(p.Conditions, f.Asked.Items)
		}
	}
	f.Once = slices.ContainsFunc(f.Layer, func(c exchange.Condition) bool { return c.Code == exchange.AskEachTime })
	return f, nil
}

// permissionPage asks for a decision, or shows the one that was taken.
func permissionPage(v *visit) error {
	f, err := v.permissionForm()
	if err != nil {
		return err
	}
	if f.Value("tot") == "" {
		f.Values.Set("tot", v.c.now().In(office).AddDate(0, 0, permissionDays).Format(time.DateOnly))
	}
	if f.Value("keer") == "" {
		f.Values.Set("keer", "1")
	}
	return v.show("permission", v.word("permission.title"), f)
}

// decidePermission records the decision and tells who asked.
func decidePermission(v *visit) error {
	f, err := v.permissionForm()
	if err != nil {
		return err
	}
	here := "/werkbak/" + string(f.ID) + "/toestemming/" + string(f.Asked.ID)
	if f.Asked.State != exchange.PermissionAsked { // somebody was faster, or it was sent twice
		v.say("permission.overtaken")
		return v.redirect(here)
	}
	grant := v.field("besluit") == "ja"
	terms, tell := v.terms(&f, grant), v.text("bericht")
	switch {
	case !grant && v.field("besluit") != "nee":
		f.wrong("besluit", v.word("permission.choose"))
	case grant && !tell.Blank():
		f.wrong("bericht", v.word("permission.tell.surplus"))
	}
	if len(f.Mistakes) == 0 {
		if _, err := v.c.node.DecidePermission(v.r.Context(), v.who(), f.ID, f.Asked.ID, grant, terms, tell); err != nil {
			f.Mistakes = append(f.Mistakes, v.advice(err))
		}
	}
	if len(f.Mistakes) > 0 {
		return v.show("permission", v.word("permission.title"), f)
	}
	v.say("permission.decided")
	return v.redirect(here)
}

// terms reads how far a permission goes: to the end of its last day.
func (v *visit) terms(f *permissionForm, grant bool) (t exchange.PermissionTerms) {
	if !grant {
		return t
	}
	day, err := time.ParseInLocation(time.DateOnly, v.field("tot"), office)
	if err != nil {
		f.wrong("tot", v.word("permission.until.missing"))
	}
	t.Until = day.AddDate(0, 0, 1)
	if t.Uses, err = strconv.Atoi(v.field("keer")); f.Once {
		t.Uses = 1
	} else if err != nil || t.Uses < 1 {
		f.wrong("keer", v.word("permission.uses.missing"))
	}
	return t
}

// withdrawPermission takes a permission back.
func withdrawPermission(v *visit) error {
	f, err := v.permissionForm()
	if err != nil {
		return err
	}
	here := "/werkbak/" + string(f.ID) + "/toestemming/" + string(f.Asked.ID)
	if f.Asked.State != exchange.PermissionGranted {
		v.say("permission.overtaken")
		return v.redirect(here)
	}
	if _, err := v.c.node.WithdrawPermission(v.r.Context(), v.who(), f.ID, f.Asked.ID); err != nil {
		return err
	}
	v.say("permission.withdrawn.said")
	return v.redirect(here)
}
