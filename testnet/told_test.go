package testnet

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func someTold() []Told {
	seven := uint64(7)
	return []Told{
		{What: ToldNetwork, Text: "Two organisations.", Details: []Detail{{"municipality", "gemeente Voorbeeldstad"}, {"b", "reclassering Noord"}}},
		{What: ToldScenario, Scenario: "s", Text: "A title", Story: []string{"", "A story that is longer than one line of sixty characters, so that it has to be wrapped.", "More."}},
		{What: ToldActs, Text: "Somebody asks somebody something, in a sentence that is longer than a line.", Details: []Detail{{"why", "“because”"}}},
		{What: ToldRefused, Text: "No.", Code: "bsn-not-allowed"},
		{What: ToldHolds, Text: "Yes."},
		{What: ToldLedgers, Text: "Now:", Ledgers: []LedgerNow{
			{Party: "a", Name: "A", Entries: []EntryNow{{Index: 4, Kind: "request-issued", Partner: &seven}}},
			{Party: "b", Name: "B", Entries: []EntryNow{{Index: 7, Kind: "request-received"}, {Index: 8, Kind: "viewed"}}},
		}},
		{What: ToldFailed, Text: "line 3: then a sees answered", Details: []Detail{{"but", "it sees queued"}}},
	}
}

func TestStoryForReaders(t *testing.T) {
	var out strings.Builder
	tell := Story(&out, false, 60)
	for _, told := range someTold() {
		tell(told)
	}
	const want = `Two organisations.
  municipality  gemeente Voorbeeldstad
  b             reclassering Noord

1. A title
   A story that is longer than one line of sixty characters,
   so that it has to be wrapped.

   More.


 > Somebody asks somebody something, in a sentence that is
   longer than a line.
     why  “because”
 x No.
 + Yes.

   Now:
   A                                       B
       4  request-issued (entry 7 there)       7  request-received
                                               8  viewed
 ! line 3: then a sees answered
     but  it sees queued
`
	if out.String() != want {
		t.Errorf("told:\n%s\nwant:\n%s", out.String(), want)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("colour, and none was asked for")
	}
	out.Reset()
	tell = Story(&out, true, 60)
	for _, told := range someTold() {
		tell(told)
	}
	if !strings.Contains(out.String(), "\x1b[32m + \x1b[0m") {
		t.Error("no colour, and it was asked for")
	}
}

func TestStoryForMachines(t *testing.T) {
	var out strings.Builder
	tell := Lines(&out)
	for _, told := range someTold() {
		tell(told)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(someTold()) {
		t.Fatalf("%d lines, want one for each of %d happenings", len(lines), len(someTold()))
	}
	for i, line := range lines {
		var back Told
		if err := json.Unmarshal([]byte(line), &back); err != nil {
			t.Fatal(err)
		}
		if back.What != someTold()[i].What || back.Text != someTold()[i].Text {
			t.Errorf("line %d: %s", i, line)
		}
	}
}

func TestWrap(t *testing.T) {
	long := strings.Repeat("woord ", 40) + strings.Repeat("é", 70)
	for width := 10; width < 80; width++ {
		lines := wrap(long, width)
		for _, l := range lines {
			if utf8.RuneCountInString(l) > width && strings.Contains(l, " ") {
				t.Errorf("width %d: %q", width, l)
			}
		}
		if !slices.Equal(strings.Fields(strings.Join(lines, " ")), strings.Fields(long)) {
			t.Errorf("width %d: words were lost", width)
		}
	}
	if got := wrap("", 10); len(got) != 1 || got[0] != "" {
		t.Errorf("wrap of nothing: %q", got)
	}
}
