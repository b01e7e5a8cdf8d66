package paper

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/ledongthuc/pdf"

	"sluis/exchange"
)

var (
	made = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	us   = exchange.PartyID{OIN: "00000099000001001000", Capacity: "investigation"}
	them = exchange.PartyID{OIN: "00000099000002002000", Capacity: "debts"}
	gone = exchange.PartyID{OIN: "00000099000009009000", Capacity: "debts"}
	org  = Organisation{
		Name: "gemeente Voorbeeldstad", Task: "onderzoek naar hulp", Contact: "loket, 06-00000000",
		Party: func(p exchange.PartyID) string {
			return map[exchange.PartyID]string{us: "gemeente Voorbeeldstad", them: "schuldhulp Uit de Schuld"}[p]
		},
	}
)

// report is one of a person whose name has signs from far.
func report() exchange.Access {
	hide := exchange.Hide
	return exchange.Access{
		Made: made, Own: us, Petition: "0193a0b0-0000-7000-8000-0000000000aa", Received: made.AddDate(0, 0, -4),
		Person: exchange.Sought{Name: hide("Ștefan Þórsdóttir-Żółć"), Born: hide("1987-03-14")},
		Accounts: []exchange.Account{{
			ID: "0193a0b0-0000-7000-8000-000000000001", Kind: exchange.AskedAccount, Began: made.AddDate(0, -1, 0), Article: "5.4.2(1)",
			Purpose: exchange.Sentence{NL: "onderzoek na een hulpvraag"}, Person: exchange.Person{Standing: exchange.Client, Name: hide("Ștefan Þórsdóttir-Żółć")},
			Specific: hide("een plan maken"), Others: 1,
			Statements: []exchange.Explained{{Ask: exchange.Sentence{NL: "Om welke vraag gaat het?"}, Choice: exchange.Sentence{NL: "een lopende vraag"}}},
			Questions:  []exchange.Clarification{{Question: hide("voor welke maand?"), Reply: hide("maart")}},
			Facts: []exchange.Fact{
				{
					Item: "debt-plan", Name: exchange.Sentence{NL: "schuldregeling"}, Kind: exchange.Ordinary, Asked: exchange.Content, Why: hide("om te plannen"),
					Outcome: exchange.Supply, Depth: exchange.Process, Value: hide("loopt tot en met maart"), Told: hide("bel mij"),
				},
				{Item: "debt-creditors", Name: exchange.Sentence{NL: "schuldeisers"}, Asked: exchange.That, Outcome: exchange.Withhold, Ground: exchange.Sentence{NL: "niet nodig"}},
			},
			Conditions: []exchange.Condition{{Code: exchange.OnlyTo, Parties: []exchange.PartyID{them, gone}}, {Code: exchange.DeleteBy, Until: made.AddDate(0, 6, 0)}},
			Passages:   []exchange.Passed{{From: us, To: them, At: made.AddDate(0, -1, 0)}, {From: them, To: us, At: made, Items: []exchange.ItemCode{"debt-plan"}}},
			Decided:    made, Weighing: []exchange.Explained{{Ask: exchange.Sentence{NL: "Is het zo weinig mogelijk?"}, Choice: exchange.Sentence{NL: "ja"}}},
			Notes: []exchange.Personal{hide("telefonisch besproken")},
			Keep:  exchange.Keep{Article: "5.4.5(1)", Due: made.AddDate(2, 0, 0)}, Held: made.AddDate(3, 0, 0),
		}},
		Without: []exchange.LeftOut{
			{Part: exchange.PartOthers}, {Part: exchange.PartStaff},
			{Part: exchange.PartReasons, Ground: exchange.RightsOfOthers, Weighing: hide("het gaat ook over uw buurman")},
		},
	}
}

// read is the text of a PDF, parsed by another library, without spaces and ends of
// lines. The fonts are written by code point (Identity-H), so a string on the page
// is UTF-16.
func read(t *testing.T, file []byte) string {
	t.Helper()
	r, err := pdf.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for n := range r.NumPage() {
		pdf.Interpret(r.Page(n+1).V.Key("Contents"), func(stack *pdf.Stack, op string) {
			if op != "Tj" {
				for stack.Len() > 0 {
					stack.Pop()
				}
				return
			}
			raw := stack.Pop().RawString()
			var units []uint16
			for i := 0; i+1 < len(raw); i += 2 {
				units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
			}
			text.WriteString(string(utf16.Decode(units)))
		})
	}
	return strings.Join(strings.Fields(text.String()), "")
}

// All that a person must be told stands in the file, in Dutch, and reads back
// with the signs of his name.
func TestAccessReadsBack(t *testing.T) {
	file, err := Access(report(), org)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, file)
	for _, want := range []string{
		"gemeente Voorbeeldstad", "onderzoek naar hulp", "20 november 2026", "Ștefan Þórsdóttir-Żółć", "geboren op 14 maart 1987",
		"onderzoek na een hulpvraag (artikel 5.4.2(1) Wmo 2015)", "In dit dossier staat nog iemand", "een plan maken", "een lopende vraag", "voor welke maand?", "maart",
		"schuldregeling", "Gevraagd: de inhoud. Soort: gewone gegevens.", "om te plannen", "Gegeven: hoe het loopt", "loopt tot en met maart", "bel mij",
		"schuldeisers", "Niet gegeven.", "niet nodig", "schuldhulp Uit de Schuld, organisatie 00000099000009009000", "Dat is 24 mei 2027",
		"schuldhulp Uit de Schuld gaf aan gemeente Voorbeeldstad: schuldregeling", "Is het zo weinig mogelijk?", "telefonisch besproken",
		"De andere organisatie besloot op 24 november 2026", "Tot 24 november 2028 (artikel 5.4.5(1) Wmo 2015)", "uitgesteld tot 24 november 2029",
		"gezinsleden", "De namen van medewerkers", "Het zou de rechten van iemand anders schaden", "het gaat ook over uw buurman",
		"loket, 06-00000000", "Autoriteit Persoonsgegevens", "Bladzijde 1",
	} {
		if !strings.Contains(text, strings.Join(strings.Fields(want), "")) {
			t.Errorf("the file does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// The same report is the same file, whoever makes it; and it tells nothing of the
// machine.
func TestAccessIsDeterministic(t *testing.T) {
	first, err := Access(report(), org)
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("ergens", 5*3600)
	other := report()
	other.Made = other.Made.In(zone)
	for i := range 5 {
		again, err := Access(other, org)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Fatalf("time %d: other bytes", i)
		}
	}
	if !bytes.Contains(first, []byte("D:20261124100000")) {
		t.Error("the file has another date than the report")
	}
	for _, machine := range []string{"root", "tmp", "fpdf", "FPDF", "Go-PDF"} {
		if bytes.Contains(first, []byte(machine)) {
			t.Errorf("the file holds %q", machine)
		}
	}
}

// A sign that the fonts do not have is a square, and the file says so.
func TestSignsThatCannotBePrinted(t *testing.T) {
	a := report()
	a.Person.Name = exchange.Hide("王 😀 Proefstra")
	file, err := Access(a, org)
	if err != nil {
		t.Fatal(err)
	}
	if text := read(t, file); !strings.Contains(text, "□□Proefstra") || !strings.Contains(text, "vierkantje") {
		t.Errorf("%q", text)
	}
	if file, err = Access(report(), org); err != nil || strings.Contains(read(t, file), "vierkantje") {
		t.Errorf("a square in a file that has none: %v", err)
	}
}

// A draft says so on every page, and what was withdrawn is not waiting.
func TestDraft(t *testing.T) {
	a := report()
	a.Draft, a.Accounts[0].Phase, a.Accounts[0].Decided = true, exchange.Withdrawn, time.Time{}
	file, err := Access(a, org)
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, file)
	if pages := strings.Count(text, "Bladzijde"); pages < 2 || strings.Count(text, "Concept,nietomtegeven.") != pages {
		t.Errorf("%d pages: %s", pages, text)
	}
	if !strings.Contains(text, "Devraagisingetrokken") || strings.Contains(text, "nognietsbesloten") {
		t.Errorf("withdrawn: %s", text)
	}
}

// Whatever somebody wrote, the report is whole: odd texts, and some that are made
// of anything.
func TestAnyText(t *testing.T) {
	texts := []string{"", "\x00\x1b[31m", "a\u0301\u202e\ufeff\u00ad", strings.Repeat("w", 5000), "regel\r\nregel\v\f", "شكرا 王 😀", "\xff\xfe", "(\\)"}
	r := rand.New(rand.NewPCG(15, 4))
	for range 40 {
		text := make([]byte, r.IntN(200))
		for i := range text {
			text[i] = byte(r.Uint32())
		}
		texts = append(texts, string(text), string([]rune{rune(r.IntN(0x110000)), '(', rune(r.IntN(0x3000))}))
	}
	for _, text := range texts {
		a := report()
		a.Person.Name = exchange.Hide(text)
		a.Accounts[0].Facts[0].Value = exchange.Hide(text)
		file, err := Access(a, org)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !strings.Contains(read(t, file), "AutoriteitPersoonsgegevens") {
			t.Errorf("%q: the end of the document is missing", text)
		}
	}
}

// Every code that can stand in a report has words.
func TestAccessHasWords(t *testing.T) {
	for _, c := range exchange.ConditionCodes {
		if conditions[c] == "" {
			t.Errorf("condition %s", c)
		}
	}
	for _, p := range exchange.Parts {
		if partTexts[p] == "" {
			t.Errorf("part %s", p)
		}
	}
	for _, c := range exchange.Categories {
		if kinds[c] == "" {
			t.Errorf("category %s", c)
		}
	}
	for _, c := range exchange.Depths {
		if depths[c] == "" {
			t.Errorf("depth %s", c)
		}
	}
	for _, c := range exchange.RulingOutcomes {
		if rulings[c] == "" {
			t.Errorf("outcome %s", c)
		}
	}
	for _, s := range exchange.Standings {
		if standings[s] == "" {
			t.Errorf("standing %s", s)
		}
	}
}
