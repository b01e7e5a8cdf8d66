package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/peer"
)

// supplied lists the items that an affair came to.
func (a *affair) supplied() (items []exchange.ItemCode) {
	for _, i := range a.answer.Items {
		if i.Outcome == exchange.Supply {
			items = append(items, i.Item)
		}
	}
	return items
}

// bound reports whether a condition was set.
func (a *affair) bound(code exchange.ConditionCode) bool {
	return slices.ContainsFunc(a.answer.Conditions, func(c exchange.Condition) bool { return c.Code == code })
}

// passOn passes on one item to a third party: at once where that is allowed, with
// permission where it is needed. Whether it goes is what the conditions say (I2).
func (w *world) passOn(a *affair) {
	items := a.supplied()
	if len(items) == 0 || a.kind.noBSN {
		return
	}
	third := w.node("youth-care")
	if a.to == third {
		third = w.node("debt-help")
	}
	wish := peer.PassingAsking{To: third.capacity(), Purpose: "investigation/inform", Items: items[:1], Why: text("to fit the help to it")}
	err := w.pass(a, third, wish)
	if a.bound(exchange.NoOnward) || w.config.Sabotage == "unbound" {
		if err == nil {
			w.broken("I2", a.from, "affair %d was passed on against its conditions", a.number)
		}
		return
	}
	if !errors.Is(err, &exchange.Refusal{Code: exchange.OnwardNeedsPermission}) {
		return
	}
	asked := func(ctx context.Context, p *peer.Node) error {
		x, err := p.Open(ctx, a.from.asker(), a.id)
		if err == nil && len(x.Permissions) == 0 {
			return errNotDone
		}
		if err == nil {
			a.permission = x.Permissions[0].ID
		}
		return err
	}
	if err := a.from.insist("ask permission", func(ctx context.Context, p *peer.Node) (err error) {
		a.permission, err = p.AskPermission(ctx, a.from.asker(), a.id, a.to.capacity(), wish)
		return err
	}, asked); err != nil {
		w.unexpected(a, a.from, "asking for permission", err)
		return
	}
	w.count("permissions asked")
	state, ok := w.permitted(a)
	if !ok {
		return
	}
	if err := w.pass(a, third, wish); err == nil && state != exchange.PermissionGranted {
		w.broken("I2", a.from, "affair %d was passed on without the permission that it needs", a.number)
	}
}

// permitted lets who supplied decide on a permission, and waits until who asked
// for it knows.
func (w *world) permitted(a *affair) (state exchange.PermissionState, ok bool) {
	grant := w.chance(0.7)
	see := func(n *node, by peer.Who, want func(exchange.PermissionState) bool) bool {
		for range 40 {
			found := false
			_ = n.door("permission?", func(ctx context.Context, p *peer.Node) error {
				x, err := p.Open(ctx, by, a.id)
				for _, q := range x.Permissions {
					if q.ID == a.permission {
						state, found = q.State, want(q.State)
					}
				}
				return err
			})
			if found {
				return true
			}
			if w.calm {
				return false
			}
			w.sleep(w.between(time.Hour, 6*time.Hour))
		}
		return false
	}
	if !see(a.to, a.to.decider(), func(exchange.PermissionState) bool { return true }) {
		return "", false
	}
	err := a.to.insist("decide permission", func(ctx context.Context, p *peer.Node) error {
		terms := exchange.PermissionTerms{}
		if grant {
			a.granted = true
			terms = exchange.PermissionTerms{Until: a.to.now().Add(72 * time.Hour), Uses: 1}
		}
		_, err := p.DecidePermission(ctx, a.to.decider(), a.id, a.permission, grant, terms, exchange.Personal{})
		return err
	}, func(ctx context.Context, p *peer.Node) error {
		x, err := p.Open(ctx, a.to.decider(), a.id)
		for _, q := range x.Permissions {
			if q.ID == a.permission && q.State == exchange.PermissionAsked {
				return errNotDone
			}
		}
		return err
	})
	if err != nil {
		w.unexpected(a, a.to, "a decision on a permission", err)
		return "", false
	}
	if !see(a.from, a.from.asker(), func(s exchange.PermissionState) bool { return s != exchange.PermissionAsked }) {
		return "", false
	}
	return state, true
}

// pass passes something on, as often as it takes.
func (w *world) pass(a *affair, third *node, wish peer.PassingAsking) error {
	var id exchange.ID
	err := a.from.insist("pass on", func(ctx context.Context, p *peer.Node) (err error) {
		id, err = p.PassOn(ctx, a.from.asker(), a.id, wish)
		return err
	}, func(ctx context.Context, p *peer.Node) error {
		x, err := p.Open(ctx, a.from.asker(), a.id)
		if err == nil && len(x.Passings) == 0 {
			return errNotDone
		}
		if err == nil {
			id = x.Passings[0].ID
		}
		return err
	})
	if err == nil {
		w.count("passed on")
		a.passings = append(a.passings, &passing{id, third, wish.Items})
	}
	return err
}

// correct rectifies an item that was supplied: the value that counts from then on
// is another, wherever it went.
func (w *world) correct(a *affair) {
	if phase, err := a.to.phase(a.id); err != nil || phase != exchange.Answered || w.calm {
		return
	}
	item := a.supplied()[0]
	depth := exchange.Process
	for _, i := range a.answer.Items {
		if i.Item == item {
			depth = i.Depth
		}
	}
	value := text("rectified %d of %s", a.number, item)
	err := a.to.insist("correct", func(ctx context.Context, p *peer.Node) error {
		a.corrected = true
		_, err := p.Correct(ctx, a.to.decider(), a.id, exchange.Correction{
			Kind: exchange.Rectification, Why: text("typed in the wrong row"),
			Items: []exchange.CorrectedItem{{Item: item, Depth: depth, Value: value}},
		})
		return err
	}, func(ctx context.Context, p *peer.Node) error {
		x, err := p.Open(ctx, a.to.decider(), a.id)
		if err == nil && len(x.Corrections) == 0 {
			return errNotDone
		}
		return err
	})
	if err != nil {
		w.unexpected(a, a.to, "a rectification", err)
		return
	}
	a.corrects[item] = value.Reveal()
	w.count("rectifications")
}
