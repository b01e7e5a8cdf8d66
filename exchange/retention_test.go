package exchange

import (
	"errors"
	"testing"
	"time"
)

func on(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func moments(pairs ...string) (all Moments) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, Moment{Code: MomentCode(pairs[i]), On: on(pairs[i+1])})
	}
	return all
}

// ended is a case of the college that is closed.
func ended(t *testing.T) (Case, Party) {
	t.Helper()
	c, err := opened(t, func(*Case) {})
	if err != nil {
		t.Fatal(err)
	}
	if c, _, err = c.Close(testLaw(t), college, requester, noon); err != nil {
		t.Fatal(err)
	}
	return c, college
}

func retentionOf(t *testing.T, code PurposeCode) Retention {
	t.Helper()
	p, ok := testLaw(t).Purpose(code)
	if !ok {
		t.Fatalf("no purpose %s", code)
	}
	return p.Retention
}

// Art. 5.4.5(1): two years after the approach ended, or after the client was
// informed where none followed [7884-7891]. Art. 5.4.5(2): two years after the
// approach ended [7910-7928]. Art. 5.5.4(1): at most a year after the report, at
// least half a year [8117-8132]. Art. 5.3.4: fifteen years.
func TestArticle5_4_5_And_5_5_4(t *testing.T) {
	for _, c := range []struct {
		name    string
		purpose PurposeCode
		moments Moments
		shorter int
		due     string // "" while the term does not run
	}{
		{"nothing came yet", "investigation/client-request", nil, 0, ""},
		{"no approach followed", "investigation/client-request", moments("client-informed", "2026-03-01"), 0, "2028-03-01"},
		{"an approach runs", "investigation/client-request", moments("client-informed", "2026-03-01", "approach-began", "2026-03-15"), 0, ""},
		{"the approach ended", "investigation/client-request", moments("client-informed", "2026-03-01", "approach-began", "2026-03-15", "approach-ended", "2027-01-10"), 0, "2029-01-10"},
		{"serious problems too", "investigation/serious-problems", moments("client-informed", "2026-03-01"), 0, "2028-03-01"},
		{"the coordinator's file", "coordination", moments("client-informed", "2026-03-01"), 0, ""},
		{"the coordinator's file, ended", "coordination", moments("approach-ended", "2026-03-01"), 0, "2028-03-01"},
		{"a report", "triage", moments("report-received", "2026-03-01"), 0, "2027-03-01"},
		{"a report, shorter", "triage", moments("report-received", "2026-03-01"), 6, "2026-09-01"},
		{"a report, too short", "triage", moments("report-received", "2026-03-01"), 5, "2027-03-01"},
		{"never longer", "investigation/client-request", moments("client-informed", "2026-03-01"), 36, "2028-03-01"},
		{"shorter", "investigation/client-request", moments("client-informed", "2026-03-01"), 3, "2026-06-01"},
		{"a service", "handover/services", moments("service-ended", "2026-03-01"), 0, "2041-03-01"},
		{"31 August", "triage", moments("report-received", "2026-08-31"), 6, "2027-02-28"},
		{"29 February", "investigation/client-request", moments("client-informed", "2028-02-29"), 12, "2029-02-28"},
	} {
		due, runs := retentionOf(t, c.purpose).Due(c.moments, c.shorter)
		if runs != (c.due != "") || runs && !due.Equal(on(c.due)) {
			t.Errorf("%s: due %v, %v; want %q", c.name, due, runs, c.due)
		}
	}
}

// An approach that begins again is not over, whatever was recorded before.
func TestApproachBeginsAgain(t *testing.T) {
	c, own := ended(t)
	at := on("2027-06-01")
	record := func(code MomentCode, day string) {
		t.Helper()
		var err error
		var event Event
		c, event, err = c.RecordMoment(testLaw(t), code, on(day), own, requester, at)
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind != MomentRecorded || event.Detail.Code != string(code) || event.Exchange != c.ID {
			t.Errorf("the event is %+v", event)
		}
	}
	x := Exchange{Request: Request{Purpose: "investigation/client-request"}}
	due := func() time.Time { return testLaw(t).KeepAsked(x, c, nil).Due }
	record(ApproachBegan, "2027-01-01")
	record(ApproachEnded, "2027-02-01")
	if got := due(); !got.Equal(on("2029-02-01")) {
		t.Errorf("due %v", got)
	}
	record(ApproachBegan, "2027-03-01")
	if got := due(); !got.IsZero() {
		t.Errorf("due %v while the approach runs", got)
	}
	record(ApproachEnded, "2027-05-01")
	record(ApproachEnded, "2027-04-01") // the first date was wrong
	if got := due(); !got.Equal(on("2029-04-01")) || len(c.Moments) != 2 {
		t.Errorf("due %v, moments %v", got, c.Moments)
	}
}

func TestRecordMomentRefuses(t *testing.T) {
	c, own := ended(t)
	by, at := requester, on("2027-06-01")
	for name, try := range map[string]func() error{
		"unknown": func() error {
			_, _, err := c.RecordMoment(testLaw(t), "some-day", on("2027-01-01"), own, by, at)
			return err
		},
		"not of a case": func() error {
			_, _, err := c.RecordMoment(testLaw(t), ExchangeEnded, on("2027-01-01"), own, by, at)
			return err
		},
		"in the future": func() error {
			_, _, err := c.RecordMoment(testLaw(t), ApproachEnded, on("2027-06-02"), own, by, at)
			return err
		},
		"before the case": func() error {
			_, _, err := c.RecordMoment(testLaw(t), ApproachEnded, on("2001-01-01"), own, by, at)
			return err
		},
		"not a day": func() error {
			_, _, err := c.RecordMoment(testLaw(t), ApproachEnded, on("2027-01-01").Add(time.Hour), own, by, at)
			return err
		},
	} {
		if err := try(); !errors.Is(err, &Refusal{Code: BadMoment}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := Actor{ID: "p", Hat: c.Own.Capacity, Roles: []Grant{{Role: Auditor, Capacity: c.Own.Capacity}}}
	if _, _, err := c.RecordMoment(testLaw(t), ApproachEnded, on("2027-01-01"), own, other, at); !errors.Is(err, &Refusal{Code: ActorMayNot}) {
		t.Errorf("by an auditor: %v", err)
	}
}

// A case is kept as long as an exchange in it, and a report from the day of the
// report without anybody recording that.
func TestKeepCase(t *testing.T) {
	c, _ := ended(t)
	c.Moments = moments("client-informed", "2026-03-01")
	own := testLaw(t).KeepCase(c, nil, nil)
	if !own.Due.Equal(on("2028-03-01")) {
		t.Errorf("alone: %+v", own)
	}
	if k := testLaw(t).KeepCase(c, []Keep{{Due: on("2028-01-01")}, {Due: on("2029-01-01")}}, nil); !k.Due.Equal(on("2029-01-01")) {
		t.Errorf("with a longer exchange: %+v", k)
	}
	if k := testLaw(t).KeepCase(c, []Keep{{Waits: []MomentCode{ServiceEnded}}, {Due: on("2029-01-01")}}, nil); !k.Due.IsZero() {
		t.Errorf("with an exchange whose term does not run: %+v", k)
	}
	report := Case{Trigger: Trigger{Code: "report", On: on("2026-03-01")}}
	if k := testLaw(t).KeepCase(report, nil, Terms{"5.5.4(1)": 7}); !k.Due.Equal(on("2026-10-01")) {
		t.Errorf("a report: %+v", k)
	}
}

// What a party supplied is kept two years from the end of the exchange; what it
// never decided, from the day by which an answer was asked.
func TestKeepSupplied(t *testing.T) {
	x := Exchange{Phase: Answered, Changed: on("2026-03-01").Add(15 * time.Hour)}
	x.Request.Due = on("2026-05-01")
	if k := KeepSupplied(x, nil); !k.Due.Equal(on("2028-03-01")) {
		t.Errorf("answered: %+v", k)
	}
	x.Phase = Weighing
	if k := KeepSupplied(x, nil); !k.Due.Equal(on("2028-05-01")) {
		t.Errorf("never decided: %+v", k)
	}
}

func TestHold(t *testing.T) {
	own, at := PartyID{OIN: "00000099000001001000", Capacity: "investigation"}, on("2026-11-23").Add(9*time.Hour)
	fg := Actor{ID: "f", Hat: "investigation", Roles: []Grant{{Role: PrivacyOfficer, Capacity: "investigation"}}}
	const id = ID("01938f2e-7c1a-7b3e-9d5a-0c1b2a394857")
	reason := Hide("a complaint is being heard")
	h, event, err := PlaceHold(id, own, reason, on("2027-11-23"), fg, at)
	if err != nil || event.Kind != HoldPlaced || event.By != "f" || event.Exchange != id {
		t.Fatalf("%+v, %v", event, err)
	}
	if !h.Active(on("2027-11-22")) || h.Active(on("2027-11-23")) || (Hold{}).Active(at) {
		t.Error("the hold does not end on its day")
	}
	for name, try := range map[string]struct {
		reason Personal
		until  time.Time
		by     Actor
		code   Code
	}{
		"without a reason": {Personal{}, on("2027-11-23"), fg, ReasonMissing},
		"in the past":      {reason, on("2026-11-23"), fg, BadHold},
		"for ever":         {reason, on("2056-11-23"), fg, BadHold},
		"not a day":        {reason, on("2027-11-23").Add(time.Hour), fg, BadHold},
		"by a requester":   {reason, on("2027-11-23"), requester, ActorMayNot},
		"under no hat":     {reason, on("2027-11-23"), Actor{ID: "f", Roles: fg.Roles}, WrongHat},
	} {
		if _, _, err := PlaceHold(id, own, try.reason, try.until, try.by, at); !errors.Is(err, &Refusal{Code: try.code}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LiftHold(id, own, requester, at); !errors.Is(err, &Refusal{Code: ActorMayNot}) {
		t.Errorf("lifted by a requester: %v", err)
	}
}

func TestCheckTerms(t *testing.T) {
	for _, c := range []struct {
		chosen Terms
		ok     bool
	}{
		{nil, true},
		{Terms{"5.4.5(1)": 1, "5.4.5(2)": 24, "5.5.4(1)": 6, "5.3.4": 12}, true},
		{Terms{"5.4.5(1)": 25}, false},
		{Terms{"5.5.4(1)": 5}, false},
		{Terms{"5.4.5": 12}, false},
	} {
		if err := testLaw(t).CheckTerms(c.chosen); (err == nil) != c.ok {
			t.Errorf("%v: %v", c.chosen, err)
		}
	}
}
