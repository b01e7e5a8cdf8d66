package server

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/api"
	"sluis/api/webhook"
	"sluis/peer"
)

// maxScan bounds the entries that one call looks at: most are of others.
const maxScan = 5000

// ListEvents lists what has happened, as a webhook would tell it.
func (a *API) ListEvents(_ context.Context, r ListEventsRequestObject) (ListEventsResponseObject, error) {
	page := api.EventPage{Events: []api.Event{}, Next: r.Params.From}
	form := webhook.Form{OIN: string(a.node.Identity().OIN), PublicURL: a.PublicURL}
	for scanned := 0; scanned < maxScan; {
		entries, err := a.node.Entries(page.Next, maxPage)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			page.Next = e.Index + 1
			scanned++
			if !webhook.InCapacity(e.Header, r.Params.Hat) {
				continue
			}
			event, ok, err := form.Event(e)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if page.Events = append(page.Events, event); len(page.Events) == pageSize(r.Params.Limit) {
				return ListEvents200JSONResponse(page), nil
			}
		}
	}
	return ListEvents200JSONResponse(page), nil
}

// ListWebhooks tells how the delivery of events is; to a system, of its own.
func (a *API) ListWebhooks(ctx context.Context, _ ListWebhooksRequestObject) (ListWebhooksResponseObject, error) {
	list := api.WebhookList{Webhooks: []api.Webhook{}}
	for name, sender := range a.Webhooks {
		if c := callerOf(ctx); c != nil && c.Name != name {
			continue
		}
		w, err := webhookOf(sender)
		if err != nil {
			return nil, err
		}
		list.Webhooks = append(list.Webhooks, w)
	}
	slices.SortFunc(list.Webhooks, func(x, y api.Webhook) int { return strings.Compare(x.System, y.System) })
	return ListWebhooks200JSONResponse(list), nil
}

// ResendEvents lets what was set aside be offered again.
func (a *API) ResendEvents(ctx context.Context, r ResendEventsRequestObject) (ResendEventsResponseObject, error) {
	sender, ok := a.Webhooks[r.System]
	if c := callerOf(ctx); !ok || c != nil && c.Name != r.System {
		return nil, errNoResource
	}
	if err := sender.Resend(); err != nil {
		return nil, err
	}
	w, err := webhookOf(sender)
	if err != nil {
		return nil, err
	}
	return ResendEvents201JSONResponse(w), nil
}

// webhookChecks says of each system whether it takes what happens.
func webhookChecks(states []webhook.State, now time.Time) (checks []peer.Check) {
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
	for _, s := range states {
		code := peer.WebhookOK
		switch {
		case s.Failing() && now.Sub(s.Since) > webhook.Patience:
			code = peer.WebhookStuck
		case s.Failing():
			code = peer.WebhookFails
		}
		checks = append(checks, peer.Check{Code: code, Values: map[string]string{
			"system": s.System, "behind": strconv.FormatUint(s.Behind, 10), "since": stamp(s.Since), "oldest": stamp(s.Oldest), "why": s.Why,
		}})
		if s.Aside > 0 {
			checks = append(checks, peer.Check{Code: peer.WebhookAside, Values: map[string]string{"system": s.System, "count": strconv.Itoa(s.Aside)}})
		}
	}
	return checks
}

func webhookOf(s *webhook.Sender) (api.Webhook, error) {
	state, err := s.State()
	if err != nil {
		return api.Webhook{}, err
	}
	aside, err := s.SetAside()
	if err != nil {
		return api.Webhook{}, err
	}
	w := api.Webhook{System: state.System, Behind: state.Behind, Since: state.Since, Why: state.Why, SetAside: aside}
	if w.SetAside == nil {
		w.SetAside = []api.Event{}
	}
	return w, nil
}
