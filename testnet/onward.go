package testnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/api"
	"sluis/exchange"
)

// What goes on with the data after the answer, in stories: asking permission,
// passing on, notices and corrections. All of it is about the request that is
// under way.

type (
	// AskPermission asks those whose permission is needed to pass items on.
	AskPermission struct {
		Party, To, Purpose string
		Items              []string
		Why                string
	}
	// Permit decides on the request for permission that came last.
	Permit struct {
		Party string
		Uses  int // 0 for no
		Tell  string
	}
	// PassOn passes items on.
	PassOn struct {
		Party, To, Purpose string
		Items              []string
		Why                string
		Conditions         []Condition
	}
	// Correct corrects, restricts or erases an item.
	Correct struct {
		Party, Kind, Item, Depth, Value string
		Why                             string
	}

	// AskedFor wants the party to be asked for permission.
	AskedFor struct{ Party string }
	// MayPass wants the last request for permission to be in this state.
	MayPass struct{ Party, State string }
	// Received wants the party to have received an item by the last passing, with
	// this content, or not to have it.
	Received struct {
		Party, Item, Depth, Value string
		None                      bool
	}
	// SeesAt wants the party to know that an item is at another.
	SeesAt struct{ Party, Item, At string }
	// CorrectedBy wants everybody who holds the item to have acknowledged the
	// last correction.
	CorrectedBy struct {
		Party string
		Count int
	}
)

func (AskPermission) act() {}
func (Permit) act()        {}
func (PassOn) act()        {}
func (Correct) act()       {}
func (AskedFor) act()      {}
func (MayPass) act()       {}
func (Received) act()      {}
func (SeesAt) act()        {}
func (CorrectedBy) act()   {}

// onwardForms lists what a line about this can be.
func onwardForms() []form {
	return []form{
		{"<party> asks permission to pass on to <party> for <code>", func(p *parser, a args) error {
			return p.step(AskPermission{Party: a[0], To: a[1], Purpose: a[2]}, a[0], a[1])
		}},
		{"<party> permits <number> times", func(p *parser, a args) error {
			n, err := strconv.Atoi(a[1])
			if err != nil || n < 1 {
				return errors.New("how often it may be used is a number from 1 on")
			}
			return p.step(Permit{Party: a[0], Uses: n}, a[0])
		}},
		{"<party> does not permit <text>", func(p *parser, a args) error { return p.step(Permit{Party: a[0], Tell: a[1]}, a[0]) }},
		{"<party> passes on to <party> for <code>", func(p *parser, a args) error {
			return p.step(PassOn{Party: a[0], To: a[1], Purpose: a[2]}, a[0], a[1])
		}},
		{"<party> rectifies <code> <depth> <text>", func(p *parser, a args) error {
			return p.step(Correct{Party: a[0], Kind: string(exchange.Rectification), Item: a[1], Depth: a[2], Value: a[3]}, a[0])
		}},
		{"<party> restricts <code>", func(p *parser, a args) error {
			return p.step(Correct{Party: a[0], Kind: string(exchange.Restriction), Item: a[1]}, a[0])
		}},

		{"then <party> is asked for permission", func(p *parser, a args) error { return p.step(AskedFor{a[0]}, a[0]) }},
		{"then <party> has permission", func(p *parser, a args) error {
			return p.step(MayPass{a[0], string(exchange.PermissionGranted)}, a[0])
		}},
		{"then <party> has no permission", func(p *parser, a args) error {
			return p.step(MayPass{a[0], string(exchange.PermissionDenied)}, a[0])
		}},
		{"then <party> received <code> <depth> <text>", func(p *parser, a args) error {
			return p.step(Received{Party: a[0], Item: a[1], Depth: a[2], Value: a[3]}, a[0])
		}},
		{"then <party> did not receive <code>", func(p *parser, a args) error {
			return p.step(Received{Party: a[0], Item: a[1], None: true}, a[0])
		}},
		{"then <party> sees <code> at <party>", func(p *parser, a args) error { return p.step(SeesAt{a[0], a[1], a[2]}, a[0], a[2]) }},
		{"then <number> parties acknowledged it to <party>", func(p *parser, a args) error {
			n, err := strconv.Atoi(a[0])
			if err != nil {
				return err
			}
			return p.step(CorrectedBy{Party: a[1], Count: n}, a[1])
		}},
	}
}

func permissionForms() []form {
	set := func(how func(*AskPermission, args)) func(*parser, args) error { return change(how) }
	return []form{
		{"item <code>", set(func(s *AskPermission, a args) { s.Items = append(s.Items, a[0]) })},
		{"because <text>", set(func(s *AskPermission, a args) { s.Why = a[0] })},
	}
}

func passForms() []form {
	set := func(how func(*PassOn, args)) func(*parser, args) error { return change(how) }
	return []form{
		{"item <code>", set(func(s *PassOn, a args) { s.Items = append(s.Items, a[0]) })},
		{"because <text>", set(func(s *PassOn, a args) { s.Why = a[0] })},
		{"condition <code>", set(func(s *PassOn, a args) { s.Conditions = append(s.Conditions, Condition{Code: a[0]}) })},
	}
}

func correctForms() []form {
	return []form{{"because <text>", change(func(s *Correct, a args) { s.Why = a[0] })}}
}

// onward takes a step of these, or reports that it is none.
func (y *play) onward(ctx context.Context) (is bool, err error) {
	switch a := y.step.Act.(type) {
	case AskPermission:
		return true, y.askPermission(ctx, a)
	case Permit:
		return true, y.permit(ctx, a)
	case PassOn:
		return true, y.passOn(ctx, a)
	case Correct:
		return true, y.correct(ctx, a)
	}
	return false, nil
}

func (y *play) askPermission(ctx context.Context, a AskPermission) error {
	by, d, err := y.acting(a.Party, askers)
	if err != nil {
		return err
	}
	to, err := y.staff(a.To, deciders)
	if err != nil {
		return err
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, asks whether this may go on to %s.", by.who.Name.Reveal(), y.name(a.Party), y.name(a.To)),
		Detail{"items", strings.Join(a.Items, ", ")}, Detail{"since", quote(a.Why)})
	_, err = d.client.AskPermission(ctx, by.by(), y.current.id, api.NewPermissionRequest{To: to.party.String(), Purpose: a.Purpose, Items: a.Items, Why: a.Why})
	if err = refusal(err); y.wasRefused(err, a.Party) {
		return nil
	}
	return err
}

// lastPermission is the last request for permission that a party has of the
// request under way.
func (y *play) lastPermission(ctx context.Context, party string, roles []exchange.Role) (api.Permission, bool, error) {
	c, err := y.content(ctx, party, roles, y.current.id)
	if err != nil || len(c.Permissions) == 0 {
		return api.Permission{}, false, err
	}
	return c.Permissions[len(c.Permissions)-1], true, nil
}

func (y *play) content(ctx context.Context, party string, roles []exchange.Role, id string) (api.Content, error) {
	by, d, err := y.acting(party, roles)
	if err != nil {
		return api.Content{}, err
	}
	return d.client.Open(ctx, by.by(), id)
}

func (y *play) permit(ctx context.Context, a Permit) error {
	by, d, err := y.acting(a.Party, deciders)
	if err != nil {
		return err
	}
	p, ok, err := y.lastPermission(ctx, a.Party, deciders)
	if err != nil || !ok {
		return orElse(err, "it was not asked for permission")
	}
	n := api.NewPermission{Granted: a.Uses > 0, Uses: a.Uses, Tell: a.Tell}
	text := fmt.Sprintf("%s, at %s, does not permit it: %s", by.who.Name.Reveal(), y.name(a.Party), quote(a.Tell))
	if n.Granted {
		n.Until = time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly)
		text = fmt.Sprintf("%s, at %s, permits it, %d times, until %s.", by.who.Name.Reveal(), y.name(a.Party), a.Uses, n.Until)
	}
	y.told(ToldActs, a.Party, text)
	_, err = d.client.DecidePermission(ctx, by.by(), y.current.id, p.ID, n)
	if err = refusal(err); y.wasRefused(err, a.Party) {
		return nil
	}
	return err
}

func orElse(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return errors.New(otherwise)
}

func (y *play) passOn(ctx context.Context, a PassOn) error {
	by, d, err := y.acting(a.Party, askers)
	if err != nil {
		return err
	}
	to, err := y.staff(a.To, deciders)
	if err != nil {
		return err
	}
	n := api.NewPassing{To: to.party.String(), Purpose: a.Purpose, Items: a.Items, Why: a.Why}
	details := []Detail{{"items", strings.Join(a.Items, ", ")}, {"since", quote(a.Why)}}
	for _, c := range a.Conditions {
		n.Conditions = append(n.Conditions, api.Condition{Kind: word(api.ConditionOf, c.Code)})
		details = append(details, Detail{"condition", c.Code})
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s, passes on to %s.", by.who.Name.Reveal(), y.name(a.Party), y.name(a.To)), details...)
	id, err := d.client.PassOn(ctx, by.by(), y.current.id, n)
	if err = refusal(err); y.wasRefused(err, a.Party) {
		return nil
	}
	if err == nil {
		y.passed = append(y.passed, passed{id: id, from: a.Party, to: a.To})
	}
	return err
}

func (y *play) correct(ctx context.Context, a Correct) error {
	by, d, err := y.acting(a.Party, deciders)
	if err != nil {
		return err
	}
	n := api.NewCorrection{Kind: word(api.CorrectionOf, a.Kind), Why: a.Why, Items: []api.CorrectedItem{{Code: a.Item, Value: a.Value}}}
	details := []Detail{{"since", quote(a.Why)}}
	if a.Depth != "" {
		n.Items[0].Depth = word(api.DepthOf, a.Depth)
		details = append(details, Detail{a.Item, quote(a.Value)})
	}
	y.told(ToldActs, a.Party, fmt.Sprintf("%s, at %s: %s of ‘%s’.", by.who.Name.Reveal(), y.name(a.Party), a.Kind, y.item(a.Item)), details...)
	_, err = d.client.Correct(ctx, by.by(), y.current.id, n)
	if err = refusal(err); y.wasRefused(err, a.Party) {
		return nil
	}
	clear(y.read) // what was read before is not what stands there now
	return err
}

// A passed is a passing of the story.
type passed struct{ id, from, to string }

// checkOnward looks at what these steps led to, or reports that it is no such
// check.
func (y *play) checkOnward(ctx context.Context) (is bool, err error) {
	switch a := y.step.Act.(type) {
	case AskedFor:
		return true, y.soon(ctx, func() (string, error) {
			p, ok, err := y.lastPermission(ctx, a.Party, deciders)
			if err != nil || !ok || p.State != api.PermissionAsked {
				return "nobody has asked it", err
			}
			y.told(ToldHolds, a.Party, fmt.Sprintf("%s is asked whether %s may go on to %s.", y.name(a.Party), strings.Join(p.Items, " and "), p.Recipient))
			return "", nil
		})
	case MayPass:
		return true, y.soon(ctx, func() (string, error) {
			p, _, err := y.lastPermission(ctx, a.Party, askers)
			if err != nil || p.State.Code() != a.State {
				return "its request for permission is " + p.State.Code(), err
			}
			y.told(ToldHolds, a.Party, fmt.Sprintf("%s knows: permission %s.", y.name(a.Party), a.State))
			return "", nil
		})
	case Received:
		return true, y.soon(ctx, func() (string, error) { return y.received(ctx, a) })
	case SeesAt:
		return true, y.soon(ctx, func() (string, error) { return y.seesAt(ctx, a) })
	case CorrectedBy:
		return true, y.soon(ctx, func() (string, error) { return y.correctedBy(ctx, a) })
	}
	return false, nil
}

// soon looks until it holds or the patience of the story is over.
func (y *play) soon(ctx context.Context, look func() (but string, err error)) error {
	for {
		but, err := look()
		if err != nil && ctx.Err() == nil && !notFound(err) {
			return err
		}
		if but == "" && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s after %s", but, y.patience)
		case <-time.After(pollEvery):
		}
	}
}

func (y *play) received(ctx context.Context, a Received) (but string, err error) {
	for _, p := range slices.Backward(y.passed) {
		if p.to != a.Party {
			continue
		}
		c, err := y.content(ctx, a.Party, askers, p.id)
		if err != nil || c.Answer == nil {
			return "nothing came", err
		}
		for _, i := range c.Answer.Items {
			switch {
			case i.Code != a.Item:
				continue
			case a.None && i.Mark == "":
				return "it has the item", nil
			case a.None:
				y.told(ToldHolds, a.Party, fmt.Sprintf("%s can't read ‘%s’: %s.", y.name(a.Party), y.item(a.Item), i.Mark.Code()))
				return "", nil
			case i.Depth.Code() != a.Depth || i.Value != a.Value:
				return "it reads something else", nil
			}
			y.told(ToldHolds, a.Party, fmt.Sprintf("%s reads ‘%s’, signed by %s: %s", y.name(a.Party), y.item(a.Item), c.Source, quote(i.Value)))
			return "", nil
		}
		if a.None {
			y.told(ToldHolds, a.Party, fmt.Sprintf("%s did not receive ‘%s’.", y.name(a.Party), y.item(a.Item)))
			return "", nil
		}
		return "the item was not passed on", nil
	}
	return "nothing was passed on to it", nil
}

func (y *play) seesAt(ctx context.Context, a SeesAt) (but string, err error) {
	by, d, err := y.acting(a.Party, deciders)
	if err != nil {
		return "", err
	}
	to, err := y.staff(a.At, deciders)
	if err != nil {
		return "", err
	}
	path, err := d.client.TraceItem(ctx, by.by(), y.current.id, a.Item)
	if err != nil {
		return "it can't follow the item", err
	}
	for _, s := range path.Steps {
		if s.To != to.party.String() {
			continue
		}
		if s.Breach {
			return "it went there against the conditions", nil
		}
		y.told(ToldHolds, a.Party, fmt.Sprintf("%s sees ‘%s’ at %s, for %s.", y.name(a.Party), y.item(a.Item), y.name(a.At), s.Purpose))
		return "", nil
	}
	return "it does not know of it there", nil
}

func (y *play) correctedBy(ctx context.Context, a CorrectedBy) (but string, err error) {
	c, err := y.content(ctx, a.Party, deciders, y.current.id)
	if err != nil || len(c.Corrections) == 0 {
		return "there is no correction", err
	}
	done := 0
	for _, to := range c.Corrections[len(c.Corrections)-1].To {
		if to.State == api.PassingDelivered {
			done++
		}
	}
	if done != a.Count {
		return fmt.Sprintf("%d acknowledged it", done), nil
	}
	y.told(ToldHolds, a.Party, fmt.Sprintf("%d parties have proved to %s that they received the correction.", done, y.name(a.Party)))
	return "", nil
}
