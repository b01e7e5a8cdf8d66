package exchange

import "time"

// A Hold puts off the destruction of a dossier beyond its term: a court case, a
// complaint, a request of the person himself to keep it (art. 18(1)(b)(c) GDPR).
// It has a reason and an end, so that nothing is kept because somebody forgot.
type Hold struct {
	Reason Personal
	Until  time.Time // the day on which it ends by itself
	By     ActorID
	At     time.Time
}

// maxHold bounds a hold. Who needs longer looks again.
const maxHold = 3 * 366 * 24 * time.Hour

// Active reports whether the hold still holds at this time.
func (h Hold) Active(at time.Time) bool { return !h.At.IsZero() && at.Before(h.Until) }

// PlaceHold puts off the destruction of a dossier of a capacity. A privacy
// officer does that.
func PlaceHold(id ID, own PartyID, reason Personal, until time.Time, by Actor, at time.Time) (Hold, Event, error) {
	if _, err := by.oneOf([]Role{PrivacyOfficer}, own.Capacity, "5.4.5"); err != nil {
		return Hold{}, Event{}, err
	}
	if err := checkText(reason, "reason"); err != nil {
		return Hold{}, Event{}, err
	}
	if !until.Equal(midnight(until)) || !until.After(at) || until.Sub(at) > maxHold {
		return Hold{}, Event{}, refuse(BadHold, "field", "until")
	}
	return Hold{Reason: reason, Until: until, By: by.ID, At: at}, Event{Kind: HoldPlaced, Exchange: id, Own: own, At: at, By: by.ID}, nil
}

// LiftHold ends a hold before its day.
func LiftHold(id ID, own PartyID, by Actor, at time.Time) (Event, error) {
	if _, err := by.oneOf([]Role{PrivacyOfficer}, own.Capacity, "5.4.5"); err != nil {
		return Event{}, err
	}
	return Event{Kind: HoldLifted, Exchange: id, Own: own, At: at, By: by.ID}, nil
}

// Destroy is the event of a dossier whose term is over. Who destroys it is the
// node itself: nobody decides that any more.
func Destroy(id ID, own, other PartyID, purpose PurposeCode, k Keep, at time.Time) Event {
	return Event{
		Kind: DossierDestroyed, Exchange: id, Own: own, Other: other, Purpose: purpose, At: at,
		Detail: Detail{Code: k.Article, Due: k.Due.Format(time.DateOnly)},
	}
}
