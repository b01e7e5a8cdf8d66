package testnet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sluis/api"
	"sluis/exchange"
	"sluis/ledger"
)

// A door is the HTTP API of one node, as a player uses it: package api over
// the socket, and nothing else. It speaks in the words of the stories.
type door struct{ client *api.Client }

func newDoor(socket string) *door { return &door{api.Dial(socket)} }

// A refused step: the node says no, with a stable code. Nothing has changed.
type refused struct{ code, text string }

// Error is the code and what it means.
func (r *refused) Error() string { return fmt.Sprintf("refused with %s: %s", r.code, r.text) }

// refusal makes a problem that says no a refusal.
func refusal(err error) error {
	var p *api.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch p.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity:
		return &refused{code: p.Code, text: p.Title}
	}
	return err
}

func notFound(err error) bool {
	var p *api.Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}

// word is the word of the API for a code. A code that it does not have passes
// as it is, so that a story can send a wrong one and expect the refusal.
func word[T ~string](of func(string) (T, bool), code string) T {
	if w, ok := of(code); ok {
		return w
	}
	return T(code)
}

// count is how many requests the node has received, by its ledger.
func (d *door) count(ctx context.Context) (int, error) {
	all, err := d.entries(ctx)
	total := 0
	for _, e := range all {
		if exchange.EventKind(e.kind) == exchange.RequestReceived {
			total++
		}
	}
	return total, err
}

// by is who acts, in the words of the API.
func (a actor) by() api.By { return api.By{Staff: string(a.who.ID), Hat: string(a.party.Capacity)} }

func statements(all []State) []api.Statement {
	var list []api.Statement
	for _, s := range all {
		list = append(list, api.Statement{Code: s.Code, Text: s.Text})
	}
	return list
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }

// openCase opens a case and returns its ID.
func (d *door) openCase(ctx context.Context, by actor, a OpenCase, from string, people []casePerson) (string, error) {
	c := api.NewCase{Trigger: api.Trigger{Code: a.Trigger, On: today(), From: from, Statements: statements(a.States), Scope: a.Scope}}
	for _, p := range people {
		person := api.CasePerson{Standing: word(api.StandingOf, string(p.standing)), BSN: p.BSN, Name: p.Name, Born: p.Born, Address: p.Address}
		if p.agreed {
			person.Agreed = today()
		}
		c.People = append(c.People, person)
	}
	made, err := d.client.OpenCase(ctx, by.by(), c)
	return made.ID, refusal(err)
}

// ask sends a request about a person of a case and returns its ID.
func (d *door) ask(ctx context.Context, by actor, to exchange.PartyID, a Ask, in string, person int, contact string) (string, error) {
	r := api.NewRequest{
		Capacity: string(by.party.Capacity), To: to.String(), Purpose: a.Purpose, Specific: a.Because, ShareWith: a.ShareWith, Contact: contact,
		Case: in, Person: person, Statements: statements(a.States), Broad: a.Broad,
		Involvement: api.Involvement{State: word(api.InvolvementOf, a.Client), Why: a.ClientWhy},
	}
	if a.Consent != "" {
		r.Consent = &api.Consent{State: word(api.ConsentOf, a.Consent)}
		if a.Consent != string(exchange.ConsentNotAsked) {
			r.Consent.On = today()
		}
	}
	for _, i := range a.Items {
		r.Items = append(r.Items, api.AskedItem{
			Code: i.Item, Depth: word(api.DepthOf, i.Depth), Why: i.Why, Statements: statements(i.States),
		})
	}
	made, err := d.client.Ask(ctx, by.by(), r)
	return made.ID, refusal(err)
}

// withdraw takes a request back.
func (d *door) withdraw(ctx context.Context, by actor, id string) error {
	_, err := d.client.Withdraw(ctx, by.by(), id)
	return refusal(err)
}

// weigh takes a step of a weighing.
func (d *door) weigh(ctx context.Context, by actor, id string, s WeighStep, day string) error {
	_, err := d.client.Weigh(ctx, by.by(), id, api.NewStep{Step: s.Step, Outcome: s.Outcome, Text: s.Text, With: s.With, Day: day})
	return refusal(err)
}

// question asks the asker for clarification.
func (d *door) question(ctx context.Context, by actor, id, text string) error {
	_, err := d.client.Question(ctx, by.by(), id, text)
	return refusal(err)
}

// reply answers a question.
func (d *door) reply(ctx context.Context, by actor, id, text string) error {
	_, err := d.client.Reply(ctx, by.by(), id, text)
	return refusal(err)
}

// decide takes a decision; address turns the key of a party into its ID. It
// returns what the node says that it will do to keep the conditions.
func (d *door) decide(ctx context.Context, by actor, id string, a Decide, address func(string) (exchange.PartyID, error)) (said []string, err error) {
	decision := api.NewDecision{Note: a.Note}
	for _, i := range a.Items {
		item := api.DecidedItem{Code: i.Item, Outcome: api.Withhold, Ground: i.Ground, Reason: i.Reason, Tell: i.Tell}
		if i.Supply {
			item = api.DecidedItem{Code: i.Item, Outcome: api.Supply, Depth: word(api.DepthOf, i.Depth), Value: i.Value}
		}
		decision.Items = append(decision.Items, item)
	}
	if a.Free || len(a.Conditions) > 0 {
		conditions := []api.Condition{}
		for _, c := range a.Conditions {
			condition, err := conditionOf(c, address)
			if err != nil {
				return nil, err
			}
			conditions = append(conditions, condition)
		}
		decision.Conditions = &conditions
	}
	made, err := d.client.Decide(ctx, by.by(), id, decision)
	for _, c := range made.Conditions {
		said = append(said, c.Says.EN)
	}
	return said, refusal(err)
}

func conditionOf(c Condition, address func(string) (exchange.PartyID, error)) (api.Condition, error) {
	condition := api.Condition{
		Kind: word(api.ConditionOf, c.Code), Items: c.Items, Tasks: c.Tasks, Domains: c.Domains, Purposes: c.Purposes, Phases: c.Phases,
		Depth: word(api.DepthOf, c.Depth),
	}
	for _, key := range c.Parties {
		party, err := address(key)
		if err != nil {
			return condition, err
		}
		condition.Parties = append(condition.Parties, party.String())
	}
	if !c.Until.IsZero() {
		condition.Until = c.Until.Format(time.DateOnly)
	}
	return condition, nil
}

// phase is where a request stands, in the words of package exchange. hat picks
// the side where an organisation is both.
func (d *door) phase(ctx context.Context, id, hat string) (string, error) {
	r, err := d.client.Request(ctx, id, hat)
	return r.Phase.Code(), err
}

// opened is what a member of staff of the asker reads in an answer.
type opened struct {
	bsn, name  string // whom it is about
	items      []openedItem
	conditions []string
}

type openedItem struct {
	item, depth, value, tell string
	supplied                 bool
}

func (o opened) item(code string) (openedItem, bool) {
	for _, i := range o.items {
		if i.item == code {
			return i, true
		}
	}
	return openedItem{}, false
}

// open reads a request, and the answer when there is one.
func (d *door) open(ctx context.Context, by actor, id string) (opened, error) {
	c, err := d.client.Open(ctx, by.by(), id)
	o := opened{bsn: c.About.BSN, name: c.About.Name}
	if err != nil || c.Answer == nil {
		return o, err
	}
	for _, i := range c.Answer.Items {
		o.items = append(o.items, openedItem{
			item: i.Code, depth: i.Depth.Code(), value: i.Value, tell: i.Tell, supplied: i.Outcome == api.Supply,
		})
	}
	for _, each := range c.Answer.Conditions {
		o.conditions = append(o.conditions, each.Condition.Kind.Code())
	}
	return o, nil
}

// messageNote is a message of a request and where it stands in both ledgers.
type messageNote struct {
	digest, kind string
	with         string // the other party
	sent         bool
	entry        uint64
	partner      *partnerNote // what the partner's receipt proves
}

type partnerNote struct{ entry, size uint64 }

func (d *door) messages(ctx context.Context, id, hat string) ([]messageNote, error) {
	list, err := d.client.Messages(ctx, id, hat)
	var all []messageNote
	for _, m := range list {
		n := messageNote{digest: m.Digest, kind: m.Kind.Code(), with: m.With, sent: m.Direction == api.Sent, entry: m.Entry}
		if m.Receipt != nil && m.Receipt.Verified {
			n.partner = &partnerNote{entry: m.Receipt.Entry, size: m.Receipt.Size}
		}
		all = append(all, n)
	}
	return all, err
}

// entryNote is the header of an entry in the ledger.
type entryNote struct {
	index                   uint64
	kind, message, exchange string
	as                      string // our capacity
	leaf                    ledger.Digest
}

// entries reads the headers of the whole ledger.
func (d *door) entries(ctx context.Context) ([]entryNote, error) {
	var all []entryNote
	for from := uint64(0); ; {
		page, err := d.client.Entries(ctx, from, 0)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			leaf, err := ledger.ParseDigest(e.Leaf)
			if err != nil || e.Index != uint64(len(all)) {
				return nil, fmt.Errorf("entry %d is not in its place, or has no digest", e.Index)
			}
			all = append(all, entryNote{index: e.Index, kind: e.Kind, message: e.Message, exchange: e.Exchange, as: capacityOf(e.As), leaf: leaf})
		}
		if from = page.Next; from == 0 {
			return all, nil
		}
	}
}

func capacityOf(party string) string {
	_, capacity, _ := strings.Cut(party, ":")
	return capacity
}

// entriesOf reads the headers of the entries about one request; hat picks the
// side where an organisation is both.
func (d *door) entriesOf(ctx context.Context, id, hat string) ([]entryNote, error) {
	all, err := d.entries(ctx)
	var about []entryNote
	for _, e := range all {
		if e.exchange == id && (hat == "" || e.as == hat) {
			about = append(about, e)
		}
	}
	return about, err
}

// verify lets the node read its whole ledger again and prove it.
func (d *door) verify(ctx context.Context) (uint64, error) {
	v, err := d.client.VerifyLedger(ctx)
	return v.Size, err
}

// checkpoint is the newest signed checkpoint of the node.
func (d *door) checkpoint(ctx context.Context) ([]byte, error) {
	c, err := d.client.Checkpoint(ctx)
	return []byte(c.Note), err
}

// checkpointKey is the key that verifies the checkpoints of a party, as the
// register of this node has it.
func (d *door) checkpointKey(ctx context.Context, of exchange.OIN) (string, error) {
	p, err := d.client.Party(ctx, string(of))
	return p.Checkpoint, err
}
