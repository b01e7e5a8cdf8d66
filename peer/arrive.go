package peer

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// tableUse counts how often this node, as the recipient, has seen a permission
// used, by the digest of its message. It belongs to no dossier: a permission for
// one time stays used when what it brought is gone.
const tableUse = "use"

// acceptOnward judges a message about what goes on with the data.
func (n *Node) acceptOnward(f *inForce, a act, m wire.Message, now time.Time) (act, error) {
	if m.Kind == wire.Passing {
		return n.acceptPassing(f, a, m, now)
	}
	before, err := n.heldUnder(m)
	if err != nil {
		return act{}, err
	}
	a.after = before
	switch m.Kind {
	case wire.PermissionRequest:
		a.after.Exchange, a.event, err = n.receivePermissionRequest(f, before, m, now)
	case wire.Permission:
		if err := n.mayBeTold(f, m.To, m.Permission.Tell, "tell"); err != nil {
			return act{}, err
		}
		var granted *exchange.Permission
		if m.Permission.Granted {
			granted = permissionFrom(m, m.To)
		}
		a.after.Exchange, a.event, err = before.ReceivePermission(m.Permission.Request, m.From, granted, m.Permission.Tell, now)
	case wire.PermissionWithdrawal:
		a.after.Exchange, a.event, err = before.ReceivePermissionWithdrawal(m.Permission.Request, m.From, now)
	case wire.Notice:
		if a.after.Exchange, a.event, err = n.receiveNotice(f, before, m, now); err != nil {
			return act{}, err
		}
		err = n.catchUp(&a, m.Attached[0], now)
	case wire.Correction:
		a.after.Exchange, a.event, err = before.ReceiveCorrection(m.Correction, m.From, now)
		if err != nil {
			return act{}, err
		}
		var items []exchange.ItemCode
		if k := m.Correction.Kind; k == exchange.Rectification || k == exchange.Erasure {
			for _, i := range m.Correction.Items {
				items = append(items, i.Item)
			}
		}
		a.rows, err = n.redacted(rowOf(before.Exchange), items)
	}
	return a, err
}

// receivePermissionRequest lets somebody who holds what we supplied or passed on
// ask for permission, about what he holds only.
func (n *Node) receivePermissionRequest(f *inForce, before record, m wire.Message, now time.Time) (exchange.Exchange, exchange.Event, error) {
	none := func(err error) (exchange.Exchange, exchange.Event, error) {
		return exchange.Exchange{}, exchange.Event{}, err
	}
	if err := before.MayBeAskedPermission(); err != nil {
		return none(err)
	}
	p := m.Permission
	if err := n.mayBeTold(f, m.To, p.Why, "why"); err != nil {
		return none(err)
	}
	material, err := n.material(before)
	if err != nil {
		return none(err)
	}
	has, err := n.isHolder(before, material, m.Attached, m.From)
	if err != nil {
		return none(err)
	}
	for _, i := range p.Items {
		if !slices.Contains(has, i) {
			return none(&exchange.Refusal{Code: exchange.BadChain})
		}
	}
	return before.ReceivePermissionRequest(f.law, exchange.PermissionRequest{
		ID: p.Request, Of: m.To, Holder: m.From, Recipient: p.Recipient, Purpose: p.Purpose, Items: p.Items, Why: p.Why, Asked: m.At,
	}, now)
}

// permissionFrom is a permission as its signed message gives it to holder.
func permissionFrom(m wire.Message, holder exchange.PartyID) *exchange.Permission {
	p := m.Permission
	return &exchange.Permission{
		ID: p.Request, By: m.From, Holder: holder, Recipient: p.Recipient, Purpose: p.Purpose, Items: p.Items, At: m.At, Until: p.Until, Uses: p.Uses,
	}
}

// acceptPassing takes what another party passed on to us, after every signature,
// link, condition and permission of it was checked.
func (n *Node) acceptPassing(f *inForce, a act, m wire.Message, now time.Time) (act, error) {
	if err := n.unused(exchange.ID(m.ID), exchange.Supplier, exchange.Asker); err != nil {
		return act{}, err
	}
	if err := n.fits(m, now); err != nil {
		return act{}, err
	}
	from, err := f.party(m.From.OIN)
	if err != nil {
		return act{}, err
	}
	own, err := f.party(n.id.OIN)
	if err != nil {
		return act{}, err
	}
	arrival, uses, err := n.arrival(f, m)
	if err != nil {
		return act{}, err
	}
	x, event, err := exchange.Arrive(f.law, arrival, from, own, now)
	if err != nil {
		return act{}, err
	}
	a.after, a.event, a.rows = record{Exchange: x}, event, uses
	return a, nil
}

// unused holds that an ID that another party chose names nothing here yet: no
// exchange on these sides, and no case.
func (n *Node) unused(id exchange.ID, sides ...exchange.Side) error {
	for _, side := range sides {
		if _, err := n.record(id, side); !errors.Is(err, &Fault{Code: UnknownExchange}) {
			return orFault(err, Replayed)
		}
	}
	if _, _, err := n.caseRow(id); !errors.Is(err, &Fault{Code: UnknownCase}) {
		return orFault(err, Replayed)
	}
	return nil
}

// arrival is what a passing says, with what the register and our own memory say
// beside it: who the recipients are, and how often a permission was used here.
func (n *Node) arrival(f *inForce, m wire.Message) (exchange.Arrival, []store.Record, error) {
	bad := &exchange.Refusal{Code: exchange.BadChain}
	source := m.Attached[0]
	a := exchange.Arrival{
		ID: exchange.ID(m.ID), From: m.From, To: m.To, Purpose: m.Passing.Purpose, Why: m.Passing.Why, Subject: m.Passing.Subject,
		Answer:     exchange.Answer{At: source.Answer.At, Conditions: source.Answer.Conditions, Items: m.Passing.Values},
		Provenance: exchange.Provenance{Origin: m.Exchange, Supplier: source.From, Decided: source.Answer.At},
	}
	if source.Kind != wire.Answer || source.Exchange != m.Exchange {
		return a, nil, bad
	}
	supplier, err := f.party(source.From.OIN)
	if err != nil {
		return a, nil, err
	}
	if a.Source, err = exchange.RecipientOf(supplier, source.From.Capacity); err != nil {
		return a, nil, err
	}
	var uses []store.Record
	links := append(onlyOf(m.Attached, wire.Passing), m)
	corrections := append([]wire.Message{}, onlyOf(m.Attached, wire.Correction)...)
	for i, l := range links {
		// Whoever passes on passes on what he got: the same answer, and no item
		// that the link before did not bring.
		if l.Exchange != m.Exchange || l.Passing.Chain.Answer != source.Digest {
			return a, nil, bad
		}
		if i > 0 && !continues(links[i-1], l, corrections) {
			return a, nil, bad
		}
		if i == 0 && (l.From != source.To || !brings(wire.PassingBody{Items: source.Digests()}, l, "", corrections)) {
			return a, nil, bad
		}
		a.Provenance.Links = append(a.Provenance.Links, linkOf(l))
		party, err := f.party(l.To.OIN)
		if err != nil {
			return a, nil, err
		}
		to, err := exchange.RecipientOf(party, l.To.Capacity)
		if err != nil {
			return a, nil, err
		}
		a.Recipients = append(a.Recipients, to)
	}
	for _, p := range onlyOf(m.Attached, wire.Permission) {
		if !p.Permission.Granted || p.Exchange != m.Exchange {
			return a, nil, bad
		}
		permission := permissionFrom(p, p.To)
		if p.To == m.From && p.Permission.Recipient == m.To {
			used, row, err := n.use(p)
			if err != nil {
				return a, nil, err
			}
			permission.Used = used
			uses = append(uses, row)
		}
		a.Permissions = append(a.Permissions, *permission)
	}
	return a, uses, nil
}

// continues reports whether a link brings on only what the one before brought:
// the same disclosures, or those of a rectification that was sent to who passes
// on, under that link. corrections are the rectifications that came along; nil
// where none do, and then another disclosure is for the source to tell.
func continues(before, l wire.Message, corrections []wire.Message) bool {
	n := len(before.Passing.Chain.Links)
	if len(l.Passing.Chain.Links) != n+1 || !slices.Equal(l.Passing.Chain.Links[:n], before.Passing.Chain.Links) || l.Passing.Chain.Links[n] != before.Digest {
		return false
	}
	return corrections == nil || brings(before.Passing, l, exchange.ID(before.ID), corrections)
}

// brings reports whether every disclosure of a link was in what came before, or in
// a rectification that was sent to who passes on, under that.
func brings(before wire.PassingBody, l wire.Message, under exchange.ID, corrections []wire.Message) bool {
	for _, c := range before.Chain.Corrections {
		if !slices.Contains(l.Passing.Chain.Corrections, c) {
			return false
		}
	}
	for _, d := range l.Passing.Items {
		if slices.Contains(before.Items, d) {
			continue
		}
		if !slices.ContainsFunc(corrections, func(c wire.Message) bool {
			return c.To == l.From && c.Under == under && slices.Contains(l.Passing.Chain.Corrections, c.Digest) && slices.Contains(c.Digests(), d)
		}) {
			return false
		}
	}
	return true
}

func onlyOf(all []wire.Message, kind wire.Kind) (some []wire.Message) {
	for _, m := range all {
		if m.Kind == kind {
			some = append(some, m)
		}
	}
	return some
}

func linkOf(m wire.Message) exchange.Link {
	return exchange.Link{
		ID: exchange.ID(m.ID), From: m.From, To: m.To, Purpose: m.Passing.Purpose, Told: m.Passing.Told, At: m.At, Conditions: m.Passing.Conditions,
	}
}

// use is how often a permission was used here before, and the row that counts
// this time.
func (n *Node) use(p wire.Message) (used int, row store.Record, err error) {
	row = store.Record{Table: tableUse, Key: p.Digest.String(), Node: true}
	value, version, err := n.store.Get(row.Table, row.Key)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return 0, row, err
	default:
		used = int(binary.BigEndian.Uint32(value))
		row.Was = version
	}
	row.Value = binary.BigEndian.AppendUint32(nil, uint32(used+1))
	return used, row, nil
}

// heldUnder is the record that a message is about: what we supplied, or hold.
func (n *Node) heldUnder(m wire.Message) (record, error) {
	switch m.Kind {
	case wire.Permission, wire.PermissionWithdrawal:
		return n.heldAs(m, func(r record) bool { return permissionOf(r.Exchange, m.Permission.Request).ID != "" })
	case wire.Correction:
		if m.Under == "" {
			return n.ownOf(m, m.Exchange, exchange.Asker)
		}
		return n.ownOf(m, m.Under, exchange.Asker)
	}
	// A request for permission, or a notice: we are the source, who asked first,
	// or who passed it on in between.
	for _, l := range onlyOf(m.Attached, wire.Passing) {
		if l.To == m.To {
			return n.ownOf(m, exchange.ID(l.ID), exchange.Asker)
		}
	}
	r, err := n.ownOf(m, m.Exchange, exchange.Supplier)
	if absent(err) {
		return n.ownOf(m, m.Exchange, exchange.Asker)
	}
	return r, err
}

func (n *Node) ownOf(m wire.Message, id exchange.ID, side exchange.Side) (record, error) {
	r, err := n.record(id, side)
	if err == nil && (r.Own() != m.To || r.Topic() != m.Exchange) {
		return record{}, fault(UnknownExchange)
	}
	return r, err
}

// heldAs finds among all that we hold of an exchange the one that is meant.
func (n *Node) heldAs(m wire.Message, is func(record) bool) (record, error) {
	r, err := n.ownOf(m, m.Exchange, exchange.Asker)
	if err == nil && is(r) {
		return r, nil
	}
	if err != nil && !absent(err) {
		return record{}, err
	}
	rows, err := n.store.ByIndex(topicIndex(m.Exchange))
	if err != nil {
		return record{}, err
	}
	for _, row := range rows {
		r, err := n.ownOf(m, idOf(row.Key), exchange.Asker)
		if err == nil && is(r) {
			return r, nil
		}
	}
	return record{}, fault(UnknownExchange)
}

// topicIndex is the index key of what was passed on to us of one exchange.
func topicIndex(id exchange.ID) string { return "topic/" + string(id) }

// isHolder holds that the chain leads from us to a party: that it has what we
// supplied or passed on.
//
// It returns the items that went along the last link, as far as they are known
// here: the source knows all that it signed.
func (n *Node) isHolder(r record, m material, attached []wire.Message, party exchange.PartyID) ([]exchange.ItemCode, error) {
	bad := &exchange.Refusal{Code: exchange.BadChain}
	links := onlyOf(attached, wire.Passing)
	holder, went := r.Own(), r.Given()
	if r.Side == exchange.Supplier {
		holder = r.Other()
	}
	for i, l := range links {
		if l.From != holder || l.Exchange != r.Topic() || l.Passing.Chain.Answer != wire.DigestOf(m.answer) || i > 0 && !continues(links[i-1], l, nil) {
			return nil, bad
		}
		var items []exchange.ItemCode
		for _, d := range l.Passing.Items {
			item, ok := m.items[d]
			switch {
			case ok && !slices.Contains(went, item):
				return nil, bad // it did not come along the link before
			case ok:
				items = append(items, item)
			case r.Side == exchange.Supplier:
				return nil, bad // we did not sign it
			default:
				// A rectification of the source that we did not get: what it replaces
				// is one of those that we passed on.
				items = went
			}
		}
		slices.Sort(items)
		holder, went = l.To, slices.Compact(items)
	}
	if holder != party || holder == r.Own() {
		return nil, bad
	}
	return went, nil
}

// receiveNotice records where something went on that we supplied or passed on.
func (n *Node) receiveNotice(f *inForce, before record, m wire.Message, now time.Time) (exchange.Exchange, exchange.Event, error) {
	passing, between := m.Attached[0], m.Attached[1:]
	if passing.Kind != wire.Passing || passing.From != m.From || len(onlyOf(between, wire.Passing)) != len(between) {
		return exchange.Exchange{}, exchange.Event{}, &exchange.Refusal{Code: exchange.BadChain}
	}
	material, err := n.material(before)
	if err != nil {
		return exchange.Exchange{}, exchange.Event{}, err
	}
	items, err := n.isHolder(before, material, slices.Concat(between, []wire.Message{passing}), passing.To)
	if err != nil {
		return exchange.Exchange{}, exchange.Event{}, err
	}
	party, err := f.party(passing.To.OIN)
	if err != nil {
		return exchange.Exchange{}, exchange.Event{}, err
	}
	to, err := exchange.RecipientOf(party, passing.To.Capacity)
	if err != nil {
		return exchange.Exchange{}, exchange.Event{}, err
	}
	_, err = n.messageBy(rowOf(before.Exchange), wire.Notice, func(told wire.Message) bool {
		return told.From == m.From && len(told.Attached) > 0 && told.Attached[0].Digest == passing.Digest
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return exchange.Exchange{}, exchange.Event{}, err
	}
	notice := exchange.Notice{From: m.From, Link: linkOf(passing), To: to, Items: items, Again: err == nil}
	for _, l := range between {
		notice.Before = append(notice.Before, linkOf(l))
	}
	if len(notice.Items) == 0 {
		return exchange.Exchange{}, exchange.Event{}, &exchange.Refusal{Code: exchange.BadChain}
	}
	for _, r := range before.Permissions {
		// Whether it was taken back or used up meanwhile is for the one who counts:
		// the recipient's node. Here counts what was given.
		if r.Holder == m.From && r.Granted.ID != "" {
			g := r.Granted
			g.Used = 0
			if !g.Withdrawn.IsZero() && notice.Link.At.Before(g.Withdrawn) {
				g.Withdrawn = time.Time{}
			}
			notice.Granted = append(notice.Granted, g)
		}
	}
	return before.ReceiveNotice(f.law, notice, now)
}

// catchUp tells a new holder what he missed: his value was passed on while its
// correction was under way.
func (n *Node) catchUp(a *act, passing wire.Message, now time.Time) error {
	if a.after.Side != exchange.Supplier || len(a.after.Corrections) == 0 {
		return nil
	}
	m, err := n.material(a.after)
	if err != nil {
		return err
	}
	var items, stale []exchange.ItemCode
	for _, d := range passing.Passing.Items {
		if item, ok := m.items[d]; ok {
			items = append(items, item)
			if _, replaced := a.after.Replaced[d]; replaced {
				stale = append(stale, item)
			}
		}
	}
	for _, i := range a.after.Missed(items, stale) {
		if slices.ContainsFunc(a.after.Corrections[i].To, func(t exchange.CorrectedAt) bool {
			return t.Party == passing.To && t.Passing == exchange.ID(passing.ID)
		}) {
			continue // he was told when we heard of the passing before
		}
		to := exchange.CorrectedAt{Party: passing.To, Passing: exchange.ID(passing.ID), Message: newID(now), State: exchange.PassingQueued}
		a.after.Exchange = a.after.Told(i, to)
		p, err := n.correction(a.after.Exchange, a.after.Corrections[i], to, now)
		if err != nil {
			return err
		}
		a.parcels = append(a.parcels, p)
	}
	return nil
}
