package sim

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/ledger/audit"
	"sluis/peer"
)

// check holds a network at rest against the model and the invariants.
func (w *world) check() {
	w.run(w.now.Add(50 * time.Hour)) // every ledger is looked at by every partner once more
	for _, a := range w.affairs {
		w.checkAffair(a)
	}
	for _, n := range w.nodes {
		if n.up {
			w.checkNode(n)
		}
	}
	if w.failed == nil {
		w.reconcile("")
	}
	if w.failed == nil {
		w.checkEnd()
	}
}

// checkAffair holds what both sides have of an affair against each other and
// against what people did.
func (w *world) checkAffair(a *affair) {
	asker, err := w.seen(a.from, a.from.asker(), a)
	if err != nil {
		if !a.lossy() {
			w.broken("I7", a.from, "affair %d, which was acknowledged, is not there: %s", a.number, codeOf(err))
		}
		return
	}
	if asker.Phase.Ended() {
		w.count("exchanges ended")
	}
	w.count("asker " + string(asker.Phase))
	if asker.Phase == exchange.Answered {
		w.checkAnswer(a, asker, a.from)
	}
	if a.lossy() {
		return
	}
	supplier, err := w.seen(a.to, a.to.decider(), a)
	if err != nil {
		if asker.Phase != exchange.Withdrawn && asker.Phase != exchange.Rejected && asker.Phase != exchange.Expired {
			w.broken("I7", a.to, "affair %d is %s at who asked, and not here: %s", a.number, asker.Phase, codeOf(err))
		}
		return
	}
	if a.decided && !slices.Contains([]exchange.Phase{exchange.Answered, exchange.Refused, exchange.Withdrawn}, supplier.Phase) {
		w.broken("I7", a.to, "affair %d was decided and is %s", a.number, supplier.Phase)
	}
	if want := mirrored(asker.Phase); want != supplier.Phase {
		w.broken("I3", a.to, "affair %d is %s here and %s at who asked", a.number, supplier.Phase, asker.Phase)
	}
	if asker.Phase == exchange.Rejected || asker.Phase == exchange.Expired {
		w.broken("I7", a.from, "affair %d came to nothing: %s", a.number, asker.Phase)
	}
	for _, p := range a.passings {
		w.checkPassing(a, p)
	}
}

// seen is what somebody reads of an affair.
func (w *world) seen(n *node, who peer.Who, a *affair) (x exchange.Exchange, err error) {
	if !n.up {
		return x, errDown
	}
	x, err = n.peer.Open(context.Background(), who, a.id)
	n.acknowledge()
	return x, err
}

func mirrored(asker exchange.Phase) exchange.Phase {
	if asker == exchange.Delivered || asker == exchange.Queued {
		return exchange.Weighing
	}
	return asker
}

// checkAnswer holds what arrived against what was decided (I1), and whom it is
// about against who may know (I6).
func (w *world) checkAnswer(a *affair, x exchange.Exchange, at *node) {
	for _, got := range x.Answer.Items {
		if got.Outcome != exchange.Supply {
			continue
		}
		w.count("items supplied")
		i := slices.IndexFunc(a.answer.Items, func(d exchange.ItemDecision) bool { return d.Item == got.Item })
		if !a.decided || i < 0 || a.answer.Items[i].Outcome != exchange.Supply {
			w.broken("I1", at, "affair %d: %s arrived, and nobody decided that", a.number, got.Item)
			continue
		}
		w.checkValue(a, x, got.Item, a.answer.Items[i].Value.Reveal(), at)
	}
}

// checkValue holds a value against the one that was decided, or that a
// rectification put in its place.
func (w *world) checkValue(a *affair, x exchange.Exchange, item exchange.ItemCode, decided string, at *node) {
	held, ok := x.Holds(item)
	want := decided
	if now, is := a.corrects[item]; is {
		want = now
	}
	switch {
	case !ok:
		w.broken("I7", at, "affair %d: %s was supplied and can't be read", a.number, item)
	case a.lossy() && (held.Value.Reveal() == decided || a.corrected):
	case a.corrected && a.corrects[item] == "" && held.Value.Reveal() != decided: // nobody heard whether it was written
	case held.Value.Reveal() != want:
		w.broken("I1", at, "affair %d: the value of %s is not the one that was decided", a.number, item)
	}
}

// checkPassing holds what a third party has against what was passed on (I2).
func (w *world) checkPassing(a *affair, p *passing) {
	if p.to.restored > 0 || a.lossy() {
		return
	}
	x, err := p.to.peer.Open(context.Background(), p.to.decider(), p.id)
	if err != nil {
		w.broken("I7", p.to, "what was passed on of affair %d is not here: %s", a.number, codeOf(err))
		return
	}
	w.count("passings received")
	for _, got := range x.Answer.Items {
		if got.Outcome == exchange.Supply && !slices.Contains(p.items, got.Item) {
			w.broken("I2", p.to, "affair %d: %s was not passed on and is here", a.number, got.Item)
		}
	}
	for _, item := range p.items {
		i := slices.IndexFunc(a.answer.Items, func(d exchange.ItemDecision) bool { return d.Item == item })
		w.checkValue(a, x, item, a.answer.Items[i].Value.Reveal(), p.to)
	}
	if a.bound(exchange.NoOnward) || a.bound(exchange.AskFirst) && !a.granted {
		w.broken("I2", p.to, "affair %d may not be here by its conditions", a.number)
	}
}

// checkNode proves the ledger of a node, and looks for what may not stand in
// clear (I5), for a BSN that it may not have (I6), and for alarms.
func (w *world) checkNode(n *node) {
	ctx := context.Background()
	if _, err := n.peer.VerifyLedger(ctx); err != nil {
		w.broken("I4", n, "its ledger is not consistent: %v", err)
	}
	for from := uint64(0); ; {
		entries, err := n.peer.Entries(from, 1000)
		if err != nil {
			w.fail(err)
			return
		}
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			raw, err := e.Marshal()
			if err != nil {
				w.fail(err)
				return
			}
			if what := w.planted(raw); what != "" {
				w.broken("I5", n, "%s in entry %d", what, e.Index)
			}
		}
		from += uint64(len(entries))
	}
	_ = filepath.WalkDir(n.dir, func(path string, _ fs.DirEntry, err error) error {
		if what := w.planted([]byte(path)); what != "" {
			w.broken("I5", n, "%s in the name of a file", what)
		}
		return nil
	})
	if own, _ := n.member.Party.Capacity(n.capacity().Capacity); !own.MayProcessBSN || w.config.Sabotage == "bsn" && n.member.Key == "debt-help" {
		for after := ""; ; {
			page, next, err := n.peer.List(ctx, peer.Filter{After: after})
			if err != nil {
				w.fail(err)
				return
			}
			for _, s := range page {
				if x, err := n.peer.Open(ctx, n.decider(), s.ID); err == nil && !x.Request.Subject.BSN.Zero() {
					w.broken("I6", n, "it has the BSN of somebody")
				}
			}
			if after = next; next == "" {
				break
			}
		}
	}
	alarms, err := n.peer.Alarms()
	if err != nil {
		w.fail(err)
		return
	}
	for _, alarm := range alarms {
		if about := w.nodeOf(alarm.Party); about != nil && about.forks {
			w.count("second histories that an older backup explains")
			continue
		}
		w.broken("I4", n, "it raised an alarm about %s, which did nothing wrong: %s", alarm.Party, alarm.Found)
	}
}

// bundle is the report of an auditor on a node as it is now.
func (n *node) bundle() (*audit.Report, error) {
	contents, recipient, err := crypto.NewIdentityFile()
	if err != nil {
		return nil, err
	}
	key, err := crypto.ParseIdentityFile(contents)
	if err != nil {
		return nil, err
	}
	g, err := n.peer.GrantInspection(context.Background(), n.officer(), peer.Inspecting{
		Inspection: exchange.Inspection{Scope: exchange.ScopeAll}, Recipient: recipient,
	})
	if err != nil {
		return nil, err
	}
	n.acknowledge()
	var sealed bytes.Buffer
	if err := g.Write(context.Background(), &sealed); err != nil {
		return nil, err
	}
	opened, err := crypto.OpenStream(&sealed, key)
	if err != nil {
		return nil, err
	}
	return audit.Verify(opened, audit.Options{Root: n.world.authority.root, Recipient: audit.Fingerprint(recipient), Keep: true})
}

// reconcile lays the ledgers of all parties side by side (I3, I4): nothing stands
// on one side only but what an older backup explains.
func (w *world) reconcile(when string) {
	var reports []*audit.Report
	for _, n := range w.nodes {
		if !n.up {
			continue
		}
		r, err := n.bundle()
		if w.config.Sabotage == "forgets" && n.number == 1 && n.report != nil {
			r = n.report
		}
		if err != nil {
			w.broken("I3", n, "its bundle can't be verified%s: %v", when, err)
			continue
		}
		for _, f := range r.Findings.Listed {
			w.broken("I3", n, "finding in its bundle%s: %+v", when, f)
		}
		reports = append(reports, r)
	}
	c, err := audit.Reconcile(reports)
	if err != nil {
		w.fail(err)
		return
	}
	for _, f := range c.Findings.Listed {
		if w.explained(f) {
			w.count("findings that an older backup explains")
			continue
		}
		w.broken("I3", nil, "finding between bundles%s: %+v", when, f)
	}
	for _, p := range c.Passed {
		w.counts["messages in both ledgers"+when] += p.Both
	}
	for _, p := range c.Parties {
		w.counts["proofs of other ledgers compared"+when] += p.Claims
	}
}

// explained reports whether a finding is about a party that went back to an older
// backup: what it lost stands on the other side only, and its register entry says
// that it has another ledger since.
func (w *world) explained(f audit.Finding) bool {
	return slices.ContainsFunc(w.nodes, func(n *node) bool { return n.lost && (n.oin() == f.Party || n.oin() == f.Other) })
}

// installs gives a node a register.
func installs(bundle []byte) func(context.Context, *peer.Node) error {
	return func(ctx context.Context, p *peer.Node) error { return p.InstallRegister(ctx, bundle) }
}

func isFault(err error, code string) bool { return errors.Is(err, &peer.Fault{Code: code}) }

func (w *world) nodeOf(oin exchange.OIN) *node {
	for _, n := range w.nodes {
		if n.oin() == oin {
			return n
		}
	}
	return nil
}
