package testnet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluis/exchange"
)

// check looks whether an expectation holds.
func (y *play) check(ctx context.Context) error {
	switch a := y.step.Act.(type) {
	case RefusedWith:
		return y.refusedWith(a)
	case HeardNothing:
		return y.heardNothing(ctx, a)
	}
	if y.current == nil {
		return errors.New("no request is under way")
	}
	if is, err := y.checkOnward(ctx); is {
		return err
	}
	switch a := y.step.Act.(type) {
	case Sees:
		return y.sees(ctx, a)
	case Has:
		return y.has(ctx, a)
	case Reads:
		return y.reads(ctx, a)
	case Lacks:
		return y.lacks(ctx, a)
	case Bound:
		return y.bound(ctx, a)
	case Holds:
		return y.holds(ctx, a)
	case Named:
		return y.named(ctx, a)
	case Agree:
		return y.settle(ctx, *y.current)
	}
	return fmt.Errorf("the player does not know how to check %T", y.step.Act)
}

func (y *play) refusedWith(a RefusedWith) error {
	if y.refused == nil {
		return errors.New("it was allowed")
	}
	got := y.refused.code
	y.refused = nil
	if got != a.Code {
		return fmt.Errorf("it was refused with %s", got)
	}
	y.told(ToldHolds, "", fmt.Sprintf("That is how it should be (%s).", a.Code))
	return nil
}

func (y *play) heardNothing(ctx context.Context, a HeardNothing) error {
	now, err := y.door(a.Party).count(ctx)
	if err != nil {
		return err
	}
	if now != y.heard[a.Party] {
		return fmt.Errorf("its ledger holds %d requests, and held %d before", now, y.heard[a.Party])
	}
	y.told(ToldHolds, a.Party, fmt.Sprintf("%s has heard nothing of it.", y.name(a.Party)))
	return nil
}

func (y *play) sees(ctx context.Context, a Sees) error {
	got, err := y.waitFor(ctx, a.Party, y.current.id, a.Phase)
	if err != nil {
		return err
	}
	if got != a.Phase {
		return fmt.Errorf("it sees %s", got)
	}
	y.told(ToldHolds, a.Party, fmt.Sprintf("%s sees: %s.", y.name(a.Party), phaseWords(a.Phase)))
	return nil
}

// waitFor polls until a party has the request in the phase that is wanted, or
// in another from which it cannot come, or ctx ends. It returns the last phase
// that it saw, "unknown" for a party that does not have the request.
func (y *play) waitFor(ctx context.Context, party, id, want string) (string, error) {
	got := "unknown"
	var err error
	for {
		var now string
		now, err = y.door(party).phase(ctx, id, hatOf(party))
		switch {
		case err == nil:
			got = now
			if got == want || exchange.Phase(got).Ended() {
				return got, nil
			}
		case ctx.Err() == nil && !notFound(err):
			return got, err
		}
		select {
		case <-ctx.Done():
			return got + fmt.Sprintf(" after %s", y.patience), nil
		case <-time.After(pollEvery):
		}
	}
}

func (y *play) has(ctx context.Context, a Has) error {
	answer, err := y.answer(ctx, a.Party)
	if err != nil {
		return err
	}
	if a.From != y.current.to {
		return fmt.Errorf("the request under way is one to %s", y.current.to)
	}
	count := 0
	for _, i := range answer.items {
		if i.supplied {
			count++
		}
	}
	if count != a.Count {
		return fmt.Errorf("it has %d", count)
	}
	items := "items"
	if count == 1 {
		items = "item"
	}
	y.told(ToldHolds, a.Party, fmt.Sprintf("%s has %d %s from %s.", y.name(a.Party), count, items, y.name(a.From)))
	return nil
}

// answer opens the request under way as a member of staff of the asker, once:
// each look is an entry in the ledger.
func (y *play) answer(ctx context.Context, party string) (opened, error) {
	if answer, ok := y.read[y.current.id]; ok && party == y.current.from {
		return answer, nil
	}
	by, d, err := y.acting(party, askers)
	if err != nil {
		return opened{}, err
	}
	answer, err := d.open(ctx, by, y.current.id)
	if err == nil && len(answer.items) > 0 {
		y.read[y.current.id] = answer
	}
	return answer, err
}

func (y *play) reads(ctx context.Context, a Reads) error {
	answer, err := y.answer(ctx, a.Party)
	if err != nil {
		return err
	}
	i, ok := answer.item(a.Item)
	switch {
	case !ok || !i.supplied:
		return errors.New("the item was not supplied")
	case i.depth != a.Depth:
		return fmt.Errorf("its depth is %s", i.depth)
	case i.value != a.Value:
		return errors.New("it reads something else")
	}
	y.told(ToldHolds, a.Party, fmt.Sprintf("%s reads ‘%s’: %s", y.name(a.Party), y.item(a.Item), quote(i.value)))
	return nil
}

func (y *play) lacks(ctx context.Context, a Lacks) error {
	answer, err := y.answer(ctx, a.Party)
	if err != nil {
		return err
	}
	i, ok := answer.item(a.Item)
	switch {
	case !ok:
		return errors.New("the answer says nothing of this item")
	case i.supplied || i.value != "":
		return errors.New("it got the item")
	}
	text := fmt.Sprintf("%s does not get ‘%s’", y.name(a.Party), y.item(a.Item))
	if i.tell != "" {
		text += ", and is told: " + quote(i.tell)
	} else {
		text += "."
	}
	y.told(ToldHolds, a.Party, text)
	return nil
}

func (y *play) bound(ctx context.Context, a Bound) error {
	answer, err := y.answer(ctx, a.Party)
	if err != nil {
		return err
	}
	for _, c := range answer.conditions {
		if c == a.Condition {
			y.told(ToldHolds, a.Party, fmt.Sprintf("The condition %s came with it.", a.Condition))
			return nil
		}
	}
	return fmt.Errorf("the conditions that came with it are: %s", orNone(answer.conditions))
}

func (y *play) named(ctx context.Context, a Named) error {
	by, d, err := y.acting(a.Party, deciders)
	if err != nil {
		return err
	}
	seen, err := d.open(ctx, by, y.current.id)
	if err != nil {
		return err
	}
	person, _ := y.story.person(y.current.asked.Person)
	switch {
	case a.ByBSN && (seen.bsn != person.BSN || seen.name != ""), !a.ByBSN && (seen.bsn != "" || seen.name != person.Name):
		return errors.New("it was told otherwise who it is about")
	case a.ByBSN:
		y.told(ToldHolds, a.Party, fmt.Sprintf("%s was told the citizen service number, and no name.", y.name(a.Party)))
	default:
		y.told(ToldHolds, a.Party, fmt.Sprintf("%s was told name, date of birth and address, and no citizen service number.", y.name(a.Party)))
	}
	return nil
}

func (y *play) holds(ctx context.Context, a Holds) error {
	entries, err := y.door(a.Party).entriesOf(ctx, y.current.id, hatOf(a.Party))
	if err != nil {
		return err
	}
	var kinds []string
	found := false
	for _, e := range entries {
		kinds = append(kinds, e.kind)
		found = found || e.kind == a.Kind
	}
	if found == a.None {
		return fmt.Errorf("about this request it holds: %s", orNone(kinds))
	}
	text := "The ledger of %s holds an entry %s."
	if a.None {
		text = "The ledger of %s holds no entry %s."
	}
	y.told(ToldHolds, a.Party, fmt.Sprintf(text, y.name(a.Party), a.Kind))
	return nil
}

func orNone(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

func phaseWords(phase string) string {
	words := map[exchange.Phase]string{
		exchange.Queued:     "queued; the request is sealed and waits for the other node",
		exchange.Delivered:  "delivered; the receipt proves where it stands in the other ledger",
		exchange.Weighing:   "a request to decide on; a professional has to weigh it",
		exchange.Clarifying: "a question back; the clock of the deadline stands still",
		exchange.Proposed:   "decided by one; a second person has to see it",
		exchange.Decided:    "decided; the answer is on its way",
		exchange.Answered:   "answered",
		exchange.Refused:    "refused; nothing was supplied",
		exchange.Withdrawn:  "withdrawn",
		exchange.Expired:    "expired",
		exchange.Rejected:   "rejected by the other node",
	}
	if text, ok := words[exchange.Phase(phase)]; ok {
		return text
	}
	return phase
}
