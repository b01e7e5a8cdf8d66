package exchange

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Retention (bewaartermijn) is how long data may be kept, in months from a
// moment.
type Retention struct {
	Article string `json:"article"`
	// AtLeast and AtMost are in months; AtLeast may be 0.
	AtLeast int `json:"atLeast,omitempty"`
	AtMost  int `json:"atMost"`
	// From lists the moments from which the term runs; the first one that is
	// there counts.
	From []Start `json:"from"`
}

// A Start is a moment from which a term runs.
type Start struct {
	Moment MomentCode `json:"moment"`
	// Unless is a moment that keeps this one from counting: being told the
	// outcome starts the term only where no approach follows (art. 5.4.5(1)).
	Unless MomentCode `json:"unless,omitempty"`
}

// A MomentCode names a moment in a case that a term runs from.
type MomentCode string

// The moments of art. 5.3.4, 5.4.5 and 5.5.4.
const (
	ApproachBegan  MomentCode = "approach-began"  // begin van de gecoördineerde aanpak
	ApproachEnded  MomentCode = "approach-ended"  // einde van de gecoördineerde aanpak
	ClientInformed MomentCode = "client-informed" // de cliënt is over de uitkomst geïnformeerd
	ReportReceived MomentCode = "report-received" // de melding kwam binnen
	ServiceEnded   MomentCode = "service-ended"   // einde van de dienst
	ExchangeEnded  MomentCode = "exchange-ended"  // at who was asked: the exchange came to its end

	PetitionAnswered MomentCode = "petition-decided" // what a person asked was decided
)

// MomentCodes lists every moment.
var MomentCodes = [...]MomentCode{ApproachBegan, ApproachEnded, ClientInformed, ReportReceived, ServiceEnded, ExchangeEnded, PetitionAnswered}

// A Moment is one that has come: the day, and who recorded it when.
type Moment struct {
	Code MomentCode
	On   time.Time // midnight UTC
	By   ActorID
	At   time.Time
}

// Moments are the moments of a case, at most one of a code.
type Moments []Moment

func (m Moments) on(code MomentCode) (time.Time, bool) {
	for _, x := range m {
		if x.Code == code {
			return x.On, true
		}
	}
	return time.Time{}, false
}

// with returns the moments with one more, or in the place of an earlier one with
// the same code: a date can have been wrong. An approach that begins anew ends
// the end of the one before.
func (m Moments) with(x Moment) Moments {
	return append(slices.DeleteFunc(slices.Clone(m), func(y Moment) bool {
		return y.Code == x.Code || x.Code == ApproachBegan && y.Code == ApproachEnded && !y.On.After(x.On)
	}), x)
}

// Due returns the day from which the data must be gone, and whether the term
// runs at all. shorter is the term in months that the organisation chose for
// itself; 0, or one that the law does not allow, leaves AtMost.
func (r Retention) Due(m Moments, shorter int) (due time.Time, runs bool) {
	for _, s := range r.From {
		on, ok := m.on(s.Moment)
		if _, not := m.on(s.Unless); !ok || not {
			continue
		}
		months := r.AtMost
		if r.Allows(shorter) {
			months = shorter
		}
		return addMonths(on, months), true
	}
	return time.Time{}, false
}

// Allows reports whether an organisation may choose this term, in months.
func (r Retention) Allows(months int) bool {
	return months > 0 && months >= r.AtLeast && months <= r.AtMost
}

// addMonths adds months to a day. A day that the last month does not have is its
// last: a term that begins on 31 August ends six months later on 28 February.
func addMonths(day time.Time, months int) time.Time {
	first := time.Date(day.Year(), day.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day.Day(), last)-1)
}

func (r Retention) check() error {
	if r.Article == "" || r.AtMost < 1 || r.AtLeast < 0 || r.AtLeast > r.AtMost || len(r.From) == 0 {
		return fmt.Errorf("lacks a retention: article, months and from when")
	}
	for _, s := range r.From {
		if !known(MomentCodes[:], s.Moment) || s.Unless != "" && !known(MomentCodes[:], s.Unless) {
			return fmt.Errorf("names an unknown start of the retention")
		}
	}
	return nil
}

// Supplied is the term of what is kept at who was asked: that it was asked, how
// it was weighed, what was supplied. The act gives it none. So it is that of the
// asker's data, from the end of the exchange on: until then there may be a
// question about it on either side. What the party knows of the person is in its
// own files, under its own law.
var Supplied = Retention{Article: "5.4.5(1)", AtMost: 24, From: []Start{{Moment: ExchangeEnded}}}

// RecordMoment records a moment from which a term runs, also in a case that is
// closed: the approach goes on after the last request.
func (c Case) RecordMoment(law *Law, code MomentCode, on time.Time, own Party, by Actor, at time.Time) (Case, Event, error) {
	capacity, ok := own.Capacity(c.Own.Capacity)
	if !ok {
		return Case{}, Event{}, refuse(UnknownCapacity, "party", "own", "capacity", string(c.Own.Capacity))
	}
	if err := law.mayAsk(by, capacity); err != nil {
		return Case{}, Event{}, err
	}
	switch {
	case !known(MomentCodes[:], code) || code == ExchangeEnded || code == PetitionAnswered:
		return Case{}, Event{}, refuse(BadMoment, "field", "moment")
	case on.IsZero() || on.After(at) || on.Before(c.Trigger.On) || !on.Equal(midnight(on)):
		return Case{}, Event{}, refuse(BadMoment, "field", "on")
	}
	c.Moments = c.Moments.with(Moment{Code: code, On: on, By: by.ID, At: at})
	return c, c.event(MomentRecorded, by, at, string(code)), nil
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// moments are those of the case, with those that its trigger brings.
func (c Case) moments(law *Law) Moments {
	all := c.Moments
	if rule, ok := law.triggers.get(c.Trigger.Code); ok && rule.Moment != "" {
		if _, stated := all.on(rule.Moment); !stated {
			all = append(slices.Clone(all), Moment{Code: rule.Moment, On: c.Trigger.On})
		}
	}
	return all
}

// A Keep says how long something is kept, and why.
type Keep struct {
	Article string
	Due     time.Time    // the day from which it must be gone; zero while the term does not run
	Waits   []MomentCode // while it does not run: the moments that start it
}

// Terms are what an organisation chose for itself, in months per article.
type Terms map[string]int

// CheckTerms refuses a term of one's own that the law does not allow, or that it
// knows no article for: then a slip of the pen would go unnoticed.
func (l *Law) CheckTerms(chosen Terms) error {
	allowed := map[string]Retention{Supplied.Article: Supplied, Petitioned.Article: Petitioned}
	for _, p := range l.purposes.all {
		allowed[p.Retention.Article] = p.Retention
	}
	for _, t := range l.triggers.all {
		allowed[t.Retention.Article] = t.Retention
	}
	for article, months := range chosen {
		r, ok := allowed[article]
		switch {
		case !ok:
			return fmt.Errorf("retention: no term is given by article %q; those are %s", article, strings.Join(slices.Sorted(maps.Keys(allowed)), ", "))
		case !r.Allows(months):
			return fmt.Errorf("retention: article %s allows %d to %d months", article, max(r.AtLeast, 1), r.AtMost)
		}
	}
	return nil
}

func (r Retention) keep(m Moments, chosen Terms) Keep {
	k := Keep{Article: r.Article}
	due, runs := r.Due(m, chosen[r.Article])
	if runs {
		k.Due = due
		return k
	}
	for _, s := range r.From {
		k.Waits = append(k.Waits, s.Moment)
	}
	return k
}

// KeepAsked says how long an exchange is kept at the asker: as long as its
// purpose allows, from the moments of its case.
func (l *Law) KeepAsked(x Exchange, c Case, chosen Terms) Keep {
	if p, ok := l.purposes.get(x.Request.Purpose); ok {
		return p.Retention.keep(c.moments(l), chosen)
	}
	return KeepSupplied(x, chosen) // a purpose that the law in force does not know any more
}

// KeepSupplied says how long an exchange is kept at who was asked. One that was
// never decided counts as ended on the day by which an answer was asked.
func KeepSupplied(x Exchange, chosen Terms) Keep {
	ended := x.Changed
	switch {
	case !x.Phase.Ended() && x.Request.Due.After(ended):
		ended = x.Request.Due
	case x.PassedOn():
		ended = x.Begun
	case x.Side == Supplier && (x.Phase == Answered || x.Phase == Refused):
		// What others do with it afterwards does not put off when it goes.
		ended = x.Decision.At
	}
	return Supplied.keep(Moments{{Code: ExchangeEnded, On: midnight(ended)}}, chosen)
}

// KeepCase says how long a case itself is kept: as long as what it began with
// allows, and as long as an exchange in it, which can't be understood without.
func (l *Law) KeepCase(c Case, exchanges []Keep, chosen Terms) Keep {
	retention := Supplied
	if rule, ok := l.triggers.get(c.Trigger.Code); ok {
		retention = rule.Retention
	}
	longest := retention.keep(c.moments(l), chosen)
	for _, k := range exchanges {
		if !longest.Due.IsZero() && (k.Due.IsZero() || k.Due.After(longest.Due)) {
			longest = k
		}
	}
	return longest
}
