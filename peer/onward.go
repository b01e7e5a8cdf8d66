package peer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// A PassingAsking is a passing, or a request for permission for one, as a person
// makes it.
type PassingAsking struct {
	To         exchange.PartyID
	Purpose    exchange.PurposeCode
	Items      []exchange.ItemCode
	Why        exchange.Personal
	Told       time.Time
	Conditions []exchange.Condition // of a passing
}

func (f *inForce) passing(a PassingAsking, id exchange.ID) (exchange.PassingOn, error) {
	to, err := f.party(a.To.OIN)
	return exchange.PassingOn{
		ID: id, To: to, In: a.To.Capacity, Purpose: a.Purpose, Items: a.Items, Why: a.Why, Told: a.Told, Conditions: a.Conditions,
	}, err
}

// JudgePassing tells per item whether it may go to somebody, before anybody
// tries. Nothing is written.
func (n *Node) JudgePassing(_ context.Context, who Who, id exchange.ID, a PassingAsking) ([]exchange.ItemJudgement, error) {
	f, err := n.current()
	if err != nil {
		return nil, err
	}
	actor, err := n.actor(who)
	if err != nil {
		return nil, err
	}
	r, err := n.lookup(id, actor.Hat)
	if err != nil {
		return nil, err
	}
	if _, err := r.View(actor, n.now()); err != nil {
		return nil, err
	}
	p, err := f.passing(a, "")
	if err != nil {
		return nil, err
	}
	return r.JudgePassing(f.law, p, n.now())
}

// A Route (weg) is a party that the law lets have items from us, for a purpose.
type Route struct {
	To      exchange.PartyID
	Purpose exchange.PurposeCode
	Items   []exchange.ItemCode
}

// Routes lists to whom, for what, and which of the items that we hold may go on,
// as the law and the register say, in the order of both. What the conditions say
// of it tells [Node.JudgePassing]. It is refused to whom may pass nothing on.
func (n *Node) Routes(_ context.Context, who Who, id exchange.ID) (all []Route, err error) {
	f, r, own, err := n.passer(who, id)
	if err != nil {
		return nil, err
	}
	for p := range f.law.Purposes() {
		for _, to := range f.register.Parties() {
			for _, c := range to.Capacities {
				if items := r.Reach(f.law, to.Party, c.Code, p.Code, own); len(items) > 0 {
					all = append(all, Route{To: exchange.PartyID{OIN: to.OIN, Capacity: c.Code}, Purpose: p.Code, Items: items})
				}
			}
		}
	}
	return all, nil
}

// passer finds what somebody wants to pass on, if he may.
func (n *Node) passer(who Who, id exchange.ID) (f *inForce, r record, own exchange.Party, err error) {
	if f, err = n.current(); err != nil {
		return f, r, own, err
	}
	actor, err := n.actor(who)
	if err != nil {
		return f, r, own, err
	}
	if own, _, err = n.own(f); err != nil {
		return f, r, own, err
	}
	if r, err = n.lookup(id, actor.Hat); err != nil {
		return f, r, own, err
	}
	return f, r, own, r.MayPassOn(f.law, own, actor)
}

// CheckPassing says why [Node.PassOn] would be refused, or nil. Nothing is
// written.
func (n *Node) CheckPassing(_ context.Context, who Who, id exchange.ID, a PassingAsking) error {
	f, r, own, err := n.passer(who, id)
	if err != nil {
		return err
	}
	actor, err := n.actor(who)
	if err != nil {
		return err
	}
	p, err := f.passing(a, "")
	if err != nil {
		return err
	}
	if _, _, err := r.PassOn(f.law, p, own, actor, n.now()); err != nil {
		return err
	}
	_, err = n.named(r.Exchange, p)
	return err
}

// PassOn passes items on to another party. When it returns nil, the passing and
// its ledger entry are on disk and the message waits in the outbox. Who supplied
// the items is told when the recipient has them.
func (n *Node) PassOn(ctx context.Context, who Who, id exchange.ID, a PassingAsking) (passing exchange.ID, err error) {
	_, err = n.step(ctx, who, id, func(j judging) (act, error) {
		passing = newID(j.now)
		p, err := j.force.passing(a, passing)
		if err != nil {
			return act{}, err
		}
		x, event, err := j.before.PassOn(j.law, p, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		e := onwardEnvelope(x, passing, a.To, j.now)
		subject, err := n.named(x, p)
		if err != nil {
			return act{}, err
		}
		x.Passings[len(x.Passings)-1].ByNumber = !subject.BSN.Zero()
		signed, err := n.signPassing(e, j.before, x, p, subject)
		if err != nil {
			return act{}, err
		}
		return act{after: j.before.with(x), event: event, sent: &message{wire.Passing, signed}, send: outgoing(rowOf(x), e, signed)}, nil
	})
	return passing, err
}

// onwardEnvelope is that of a message about what goes on with the data. It names
// the exchange in which they were supplied first, whoever holds them.
func onwardEnvelope(x exchange.Exchange, id exchange.ID, to exchange.PartyID, now time.Time) wire.Envelope {
	return wire.Envelope{ID: string(id), From: x.Own(), To: to, Exchange: x.Topic(), At: now, Expires: now.Add(answerLife)}
}

// signPassing signs a passing with all that it rests on. The person is named by
// BSN only where the recipient may have it (I6).
func (n *Node) signPassing(e wire.Envelope, before record, x exchange.Exchange, p exchange.PassingOn, subject exchange.Subject) (wire.Signed, error) {
	m, err := n.material(before)
	if err != nil {
		return wire.Signed{}, err
	}
	body := wire.PassingBody{Purpose: p.Purpose, Told: p.Told, Conditions: p.Conditions, Subject: subject, Why: p.Why}
	parts := [][]byte{m.answer}
	body.Chain.Answer = wire.DigestOf(m.answer)
	for _, c := range m.corrections {
		body.Chain.Corrections, parts = append(body.Chain.Corrections, wire.DigestOf(c)), append(parts, c)
	}
	for _, l := range m.links {
		body.Chain.Links, parts = append(body.Chain.Links, wire.DigestOf(l)), append(parts, l)
	}
	for _, id := range n.restsOn(before, x, m) {
		body.Chain.Permissions, parts = append(body.Chain.Permissions, wire.DigestOf(m.permissions[id])), append(parts, m.permissions[id])
	}
	for _, item := range p.Items {
		encoded, ok := m.shown[item]
		if !ok {
			return wire.Signed{}, &exchange.Refusal{Code: exchange.NotHeld, Params: []string{"item", string(item)}}
		}
		body.Disclosures = append(body.Disclosures, encoded)
	}
	return wire.SignPassing(e, body, parts, n.signing())
}

// restsOn are the permissions that a passing must bring: those that brought the
// items here, and those that it uses itself.
func (n *Node) restsOn(before record, x exchange.Exchange, m material) (ids []exchange.ID) {
	ours := map[exchange.ID]bool{}
	for _, r := range before.Permissions {
		ours[r.ID] = true
	}
	for id := range m.permissions {
		if !ours[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return append(ids, x.Passings[len(x.Passings)-1].Permissions...)
}

// named is the person as the recipient may know him. What we were not told
// ourselves, a case of ours may tell.
func (n *Node) named(x exchange.Exchange, p exchange.PassingOn) (exchange.Subject, error) {
	s := x.Request.Subject
	to, ok := p.To.Capacity(p.In)
	if !ok {
		return s, &exchange.Refusal{Code: exchange.UnknownCapacity, Params: []string{"party", "recipient", "capacity", string(p.In)}}
	}
	if to.MayProcessBSN && !s.BSN.Zero() {
		return exchange.Subject{Standing: s.Standing, BSN: s.BSN}, nil
	}
	if s.Name.Zero() && x.Request.Case != "" {
		c, _, err := n.caseRow(x.Request.Case)
		if err != nil {
			return s, err
		}
		if person, ok := c.Find(s); ok {
			s.Name, s.Born, s.Address = person.Name, person.Born, person.Address
		}
	}
	if s.Name.Zero() {
		return s, &exchange.Refusal{Code: exchange.BSNNotAllowed, Params: []string{"field", "subject", "article", "5.4.2(5)"}}
	}
	s.BSN = exchange.BSN{}
	return s, nil
}

// AskPermissions asks everybody in the chain whose permission is needed for a
// passing. Where it is nobody's, it is refused.
func (n *Node) AskPermissions(ctx context.Context, who Who, id exchange.ID, a PassingAsking) (asked []exchange.ID, err error) {
	a.Told = n.now() // that the client must know first is for the passing
	judged, err := n.JudgePassing(ctx, who, id, a)
	if err != nil {
		return nil, err
	}
	a.Told = time.Time{}
	var of []exchange.PartyID
	about := map[exchange.PartyID][]exchange.ItemCode{}
	for _, j := range judged {
		for _, p := range j.Asks() {
			if about[p] == nil {
				of = append(of, p)
			}
			about[p] = append(about[p], j.Item)
		}
	}
	if len(of) == 0 {
		// The source's own door says why it need not be asked, or can't be.
		r, err := n.lookup(id, who.Hat)
		if err != nil {
			return nil, err
		}
		of, about[r.Source()] = []exchange.PartyID{r.Source()}, a.Items
	}
	for _, party := range of {
		a.Items = about[party]
		permission, err := n.AskPermission(ctx, who, id, party, a)
		if err != nil {
			return asked, err
		}
		asked = append(asked, permission)
	}
	return asked, nil
}

// AskPermission asks a party that supplied items whether they may go to somebody.
func (n *Node) AskPermission(ctx context.Context, who Who, id exchange.ID, of exchange.PartyID, a PassingAsking) (permission exchange.ID, err error) {
	_, err = n.step(ctx, who, id, func(j judging) (act, error) {
		permission = newID(j.now)
		to, err := j.force.party(a.To.OIN)
		if err != nil {
			return act{}, err
		}
		if err := n.mayBeTold(j.force, of, a.Why, "why"); err != nil {
			return act{}, err
		}
		r := exchange.PermissionRequest{ID: permission, Of: of, Recipient: a.To, Purpose: a.Purpose, Items: a.Items, Why: a.Why}
		x, event, err := j.before.AskPermission(j.law, r, to, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		m, err := n.material(j.before)
		if err != nil {
			return act{}, err
		}
		body := wire.PermissionBody{Recipient: a.To, Purpose: a.Purpose, Items: a.Items, Why: a.Why}
		links := since(m.links, x.Provenance, of)
		for _, l := range links {
			body.Links = append(body.Links, wire.DigestOf(l))
		}
		e := onwardEnvelope(x, permission, of, j.now)
		signed, err := wire.SignPermissionRequest(e, body, links, n.signing())
		if err != nil {
			return act{}, err
		}
		return act{after: j.before.with(x), event: event, sent: &message{wire.PermissionRequest, signed}, send: outgoing(rowOf(x), e, signed)}, nil
	})
	return permission, err
}

// mayBeTold holds a text that goes to a party to what that may process (I6).
func (n *Node) mayBeTold(f *inForce, to exchange.PartyID, text exchange.Personal, field string) error {
	party, err := f.party(to.OIN)
	if err != nil {
		return err
	}
	capacity, ok := party.Capacity(to.Capacity)
	if !ok {
		return &exchange.Refusal{Code: exchange.UnknownCapacity, Params: []string{"party", "recipient", "capacity", string(to.Capacity)}}
	}
	return exchange.CheckNumber(capacity, text, "field", field)
}

// since are the links from a party of the chain on: all of them for the source.
func since(links [][]byte, p exchange.Provenance, party exchange.PartyID) [][]byte {
	for n, l := range p.Links {
		if l.From == party {
			return links[n:]
		}
	}
	return links
}

// DecidePermission records what a professional decides on a request for
// permission, and tells who asked.
func (n *Node) DecidePermission(ctx context.Context, who Who, id, permission exchange.ID, grant bool, terms exchange.PermissionTerms, tell exchange.Personal) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.DecidePermission(j.law, permission, grant, terms, tell, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		r := permissionOf(x, permission)
		if err := n.mayBeTold(j.force, r.Holder, r.Tell, "tell"); err != nil {
			return act{}, err
		}
		asked, err := n.messageBy(rowOf(x), wire.PermissionRequest, func(m wire.Message) bool { return m.ID == string(permission) })
		if err != nil {
			return act{}, err
		}
		body := wire.PermissionBody{Request: permission, Granted: grant, Tell: r.Tell}
		if g := r.Granted; grant {
			body.Recipient, body.Purpose, body.Items, body.Until, body.Uses = g.Recipient, g.Purpose, g.Items, g.Until, g.Uses
		}
		e := onwardEnvelope(x, newID(j.now), r.Holder, j.now)
		e.Follows = asked.Digest
		signed, err := wire.SignPermission(e, body, n.signing())
		if err != nil {
			return act{}, err
		}
		return act{
			after: j.before.with(x), event: event, also: x.IssuePermission(permission, j.now),
			sent: &message{wire.Permission, signed}, send: outgoing(rowOf(x), e, signed),
		}, nil
	})
}

// WithdrawPermission takes a permission back and tells who has it.
func (n *Node) WithdrawPermission(ctx context.Context, who Who, id, permission exchange.ID) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		x, event, err := j.before.WithdrawPermission(j.law, permission, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		given, err := n.messageBy(rowOf(x), wire.Permission, func(m wire.Message) bool { return m.Permission.Request == permission })
		if err != nil {
			return act{}, err
		}
		e := onwardEnvelope(x, newID(j.now), permissionOf(x, permission).Holder, j.now)
		e.Follows = given.Digest
		signed, err := wire.SignPermissionWithdrawal(e, permission, n.signing())
		if err != nil {
			return act{}, err
		}
		return act{
			after: j.before.with(x), event: event, sent: &message{wire.PermissionWithdrawal, signed}, send: outgoing(rowOf(x), e, signed),
		}, nil
	})
}

func permissionOf(x exchange.Exchange, id exchange.ID) exchange.PermissionRequest {
	for _, r := range x.Permissions {
		if r.ID == id {
			return r
		}
	}
	return exchange.PermissionRequest{}
}

// messageBy finds a message of a record.
func (n *Node) messageBy(row string, kind wire.Kind, is func(wire.Message) bool) (wire.Message, error) {
	all, err := n.messagesOf(row)
	if err != nil {
		return wire.Message{}, err
	}
	for _, kept := range all {
		if kept.kind != kind {
			continue
		}
		m, err := wire.ReadKept(kept.token)
		if err != nil {
			return wire.Message{}, err
		}
		if is(m) {
			return m, nil
		}
	}
	return wire.Message{}, store.ErrNotFound
}

// Correct records that items which we supplied were wrong, are restricted, no
// longer are, or must go, and tells everybody who received them in the past
// year.
func (n *Node) Correct(ctx context.Context, who Who, id exchange.ID, c exchange.Correction) (exchange.Exchange, error) {
	return n.step(ctx, who, id, func(j judging) (act, error) {
		c.ID = newID(j.now)
		x, event, err := j.before.Correct(j.law, c, j.own, j.by, j.now)
		if err != nil {
			return act{}, err
		}
		last := &x.Corrections[len(x.Corrections)-1]
		a := act{event: event}
		for i := range last.To {
			to := &last.To[i]
			to.Message = newID(j.now)
			if err := mayBeCorrected(j, x.For(*last, *to), to.Party); err != nil {
				return act{}, err
			}
			p, err := n.correction(x, *last, *to, j.now)
			if err != nil {
				return act{}, err
			}
			a.parcels = append(a.parcels, p)
		}
		a.after = j.before.with(x)
		if err := n.supersede(&a, j.before, c); err != nil {
			return act{}, err
		}
		return a, nil
	})
}

// mayBeCorrected refuses words that a holder may not process. A holder that the
// register does not have any more, or not in that capacity, keeps nobody from
// telling the others: what goes to him is looked at again when it leaves.
func mayBeCorrected(j judging, told exchange.Correction, holder exchange.PartyID) error {
	party, err := j.force.party(holder.OIN)
	if isFault(err, UnknownParty) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := told.CheckFor(j.law, party, holder.Capacity); errors.Is(err, &exchange.Refusal{Code: exchange.BSNNotAllowed}) {
		return err
	}
	return nil
}

// supersede takes the values that a correction takes the place of out of what the
// source keeps, and remembers which disclosures they were: a notice names them.
func (n *Node) supersede(a *act, before record, c exchange.Correction) error {
	if c.Kind != exchange.Rectification && c.Kind != exchange.Erasure {
		return nil
	}
	m, err := n.material(before)
	if err != nil {
		return err
	}
	var items []exchange.ItemCode
	for _, i := range c.Items {
		items = append(items, i.Item)
	}
	a.after.Replaced = maps.Clone(before.Replaced)
	if a.after.Replaced == nil {
		a.after.Replaced = map[string]exchange.ItemCode{}
	}
	for digest, item := range m.items {
		if slices.Contains(items, item) {
			a.after.Replaced[digest] = item
		}
	}
	a.rows, err = n.redacted(rowOf(before.Exchange), items)
	return err
}

// correction is what tells one holder of a correction.
func (n *Node) correction(x exchange.Exchange, c exchange.Correction, to exchange.CorrectedAt, now time.Time) (parcel, error) {
	told := x.For(c, to)
	e := onwardEnvelope(x, to.Message, to.Party, now)
	signed, err := wire.SignCorrection(e, told, to.Passing, n.signing())
	return parcel{
		message: message{wire.Correction, signed}, out: outgoing(rowOf(x), e, signed), event: x.IssueCorrection(told, to.Party, now),
	}, err
}

// noticesOf are the notices that a delivered passing makes: to everybody who
// supplied what went on, the source first.
func (n *Node) noticesOf(kind exchange.MessageKind, before record, x exchange.Exchange, passing wire.Digest, id exchange.ID, now time.Time) (all []parcel, err error) {
	if kind != exchange.PassingMessage {
		return nil, nil
	}
	token, err := n.messageBy(rowOf(x), wire.Passing, func(m wire.Message) bool { return m.Digest == passing })
	if err != nil {
		return nil, err
	}
	m, err := n.material(before)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(x.Passings, func(p exchange.Passing) bool { return p.ID == id })
	var told []exchange.PartyID
	for _, l := range x.Layers() {
		if slices.Contains(told, l.By) || l.By == x.Own() {
			continue
		}
		told = append(told, l.By)
		e := onwardEnvelope(x, newID(now), l.By, now)
		signed, err := wire.SignNotice(e, token.Token, since(m.links, x.Provenance, l.By), n.signing())
		if err != nil {
			return nil, err
		}
		all = append(all, parcel{
			message: message{wire.Notice, signed}, out: outgoing(rowOf(x), e, signed), event: x.NoticeOf(x.Passings[i], l.By, now),
		})
	}
	return all, nil
}

// onwardOvertaken is why a message about what goes on with the data may not
// leave any more, or "".
func (n *Node) onwardOvertaken(f *inForce, r record, kind exchange.MessageKind, out store.Outgoing) (string, error) {
	if kind != exchange.PassingMessage && kind != exchange.CorrectionMessage {
		return "", nil
	}
	to, err := exchange.ParsePartyID(out.To)
	if err != nil {
		return "", err
	}
	party, err := f.party(to.OIN)
	if err != nil {
		return "", err
	}
	own, err := f.party(n.id.OIN)
	if err != nil {
		return "", err
	}
	err = r.MayStillPass(f.law, exchange.ID(out.ID), own, party)
	if kind == exchange.CorrectionMessage {
		err = r.MayStillCorrect(f.law, exchange.ID(out.ID), party)
	}
	var refusal *exchange.Refusal
	if errors.As(err, &refusal) {
		return string(refusal.Code), nil
	}
	return "", nil
}
