package paper

import (
	"fmt"
	"strings"
	"time"

	"sluis/exchange"
)

// An Organisation is who gives the report, as its reader knows it.
type Organisation struct {
	Name string
	// Task is what the organisation does in the capacity that holds the data.
	Task string
	// Contact is how it can be reached, in one line.
	Contact string
	// Party names another party; "" where its name is not known.
	Party func(exchange.PartyID) string
}

func (o Organisation) named(p exchange.PartyID) string {
	if name := o.Party(p); name != "" {
		return name
	}
	return "organisatie " + string(p.OIN)
}

// Access is the report for a person, as a PDF.
func Access(a exchange.Access, o Organisation) ([]byte, error) { return accessDocument(a, o).pdf() }

func accessDocument(a exchange.Access, o Organisation) document {
	d := document{title: "Wat wij over u bewaren", made: a.Made}
	if a.Draft {
		d.title, d.foot = "Concept: wat wij over u bewaren", "Concept, niet om te geven. "
	}
	d.add(title, d.title)
	d.say("%s, voor de taak: %s.", o.Name, o.Task)
	d.say("U vroeg op %s welke gegevens wij van u hebben. Dit is ons antwoord van %s. Het staat in artikel 15 van de privacywet (AVG) en in artikel 5.3.2 "+
		"van de Wmo 2015 dat u dit mag vragen.", day(a.Received), day(a.Made))
	d.say("Geen enkel besluit in dit overzicht is door een computer genomen. Dat deden altijd mensen.")
	d.head("Over wie gaat dit?")
	d.named("Naam", a.Person.Name.Reveal())
	d.named("Geboren", bornOn(a.Person.Born.Reveal()))
	d.named("Burgerservicenummer (BSN)", a.Person.BSN.Reveal())
	if len(a.Accounts) == 0 {
		d.head("Wij hebben niets van u gevonden")
		d.say("In onze dossiers voor deze taak staat niets over u.")
	}
	for i, one := range a.Accounts {
		d.account(i+1, one, o)
	}
	d.leftOut(a.Without)
	d.rights(o)
	return d
}

var accountHeads = map[exchange.AccountKind]string{
	exchange.CaseAccount:     "Een casus waarin u staat",
	exchange.AskedAccount:    "Een vraag die wij over u stelden",
	exchange.SuppliedAccount: "Een vraag over u die wij kregen",
	exchange.PetitionAccount: "Een verzoek dat u zelf deed",
}

// account tells of one dossier.
func (d *document) account(number int, a exchange.Account, o Organisation) {
	d.head(fmt.Sprintf("%d. %s", number, accountHeads[a.Kind]))
	d.say("Kenmerk: %s. Begonnen op %s.", a.ID, day(a.Began))
	d.named("Waarvoor?", fmt.Sprintf("%s (%s)", strings.TrimSuffix(a.Purpose.NL, "."), article(a.Article)))
	d.named("Zo staat u in dit dossier", person(a.Person))
	if a.Others > 0 {
		d.named("Andere mensen", others(a.Others))
	}
	said := "Waarom dit werd gevraagd"
	if a.Kind == exchange.PetitionAccount {
		said = "Dit vroeg u"
	}
	d.named(said, a.Specific.Reveal())
	for _, s := range a.Statements {
		d.named(s.Ask.NL, answer(s))
	}
	for _, q := range a.Questions {
		d.named("Vraag om uitleg", q.Question.Reveal())
		d.named("Antwoord daarop", q.Reply.Reveal())
	}
	for _, f := range a.Facts {
		d.fact(f)
	}
	for _, c := range a.Conditions {
		d.named("Afspraak over het gebruik", condition(c, o))
	}
	for _, p := range a.Passages {
		d.named("Wie gaf wat aan wie?", passage(a, p, o))
	}
	for _, s := range a.Weighing {
		d.named("Afweging: "+strings.TrimSuffix(s.Ask.NL, "?")+"?", answer(s))
	}
	for _, n := range a.Notes {
		name := "Notitie van een medewerker"
		if a.Kind == exchange.PetitionAccount {
			name = "Zo woog de organisatie dit"
		}
		d.named(name, n.Reveal())
	}
	d.decision(a)
	d.kept(a)
}

func (d *document) decision(a exchange.Account) {
	switch {
	case a.Kind == exchange.CaseAccount:
	case a.Decided.IsZero():
		text, ended := ends[a.Phase]
		if !ended {
			text = "Er is nog niets besloten."
		}
		d.named("Besluit", text)
	case a.Outcome != "":
		d.named("Besluit", fmt.Sprintf("%s, op %s, door een %s.", rulings[a.Outcome], day(a.Decided), roles[a.By]))
	case a.By != "":
		d.named("Besluit", fmt.Sprintf("Op %s besloot een %s van onze organisatie.", day(a.Decided), roles[a.By]))
	default:
		d.named("Besluit", fmt.Sprintf("De andere organisatie besloot op %s.", day(a.Decided)))
	}
}

func (d *document) kept(a exchange.Account) {
	var text string
	if a.Keep.Due.IsZero() {
		text = fmt.Sprintf("De bewaartermijn (%s) loopt nog niet. Die begint als de hulp of het onderzoek klaar is.", article(a.Keep.Article))
		if a.Kind == exchange.PetitionAccount {
			text = fmt.Sprintf("De bewaartermijn (%s) begint als op het verzoek is besloten.", article(a.Keep.Article))
		}
	} else {
		text = fmt.Sprintf("Tot %s (%s). Daarna vernietigen wij het dossier.", day(a.Keep.Due), article(a.Keep.Article))
	}
	if !a.Held.IsZero() {
		text += fmt.Sprintf(" Het vernietigen is uitgesteld tot %s.", day(a.Held))
	}
	d.named("Hoe lang bewaren wij dit?", text)
}

// fact tells of one item.
func (d *document) fact(f exchange.Fact) {
	text := fmt.Sprintf("Gevraagd: %s. Soort: %s.", depths[f.Asked], kinds[f.Kind])
	if why := f.Why.Reveal(); why != "" {
		text += "\nWaarom nodig: " + why
	}
	switch f.Outcome {
	case exchange.Supply:
		text += fmt.Sprintf("\nGegeven: %s.", depths[f.Depth])
		if value := f.Value.Reveal(); value != "" {
			text += "\nInhoud: " + value
		}
	case exchange.Withhold:
		text += "\nNiet gegeven."
	}
	for _, more := range []struct{ name, text string }{
		{"Grond", f.Ground.NL}, {"Uitleg van de medewerker", f.Reason.Reveal()}, {"Bericht aan de vrager", f.Told.Reveal()},
	} {
		if more.text != "" {
			text += "\n" + more.name + ": " + more.text
		}
	}
	d.named("Gegeven: "+f.Name.NL, text)
}

var partTexts = map[exchange.Part]string{
	exchange.PartOthers:   "Gegevens van andere mensen, zoals uw gezinsleden. Zij hebben ook recht op privacy (artikel 15, vierde lid, van de AVG).",
	exchange.PartStaff:    "De namen van medewerkers. Wij zeggen wel welke rol zij hebben.",
	exchange.PartReasons:  "Waarom een gegeven niet is gegeven.",
	exchange.PartWeighing: "De stappen van de afweging door de medewerker.",
	exchange.PartNotes:    "Notities van de medewerker.",
	exchange.PartContent:  "De inhoud van de gegevens.",
	exchange.PartMotives:  "Waarom de vrager iets wilde weten.",
}

// leftOut says what is not in the report, and why.
func (d *document) leftOut(all []exchange.LeftOut) {
	d.head("Wat staat hier niet in?")
	weighed := false
	for _, l := range all {
		if l.Ground == "" {
			d.named("", partTexts[l.Part])
			continue
		}
		g, _ := exchange.GroundOf(l.Ground)
		d.named("", fmt.Sprintf("%s %s (%s)", partTexts[l.Part], g.Name.NL, g.Article))
		weighed = true
	}
	if weighed {
		d.named("Zo hebben wij dat gewogen", all[len(all)-1].Weighing.Reveal())
	}
}

// rights says what a person can do next (art. 15(1)(e)(f) GDPR).
func (d *document) rights(o Organisation) {
	d.head("Wat kunt u doen?")
	d.say("Klopt er iets niet? Dan kunt u vragen om het te verbeteren, te wissen of minder te gebruiken. U kunt ook bezwaar maken tegen het gebruik.")
	d.say("Bent u het niet eens met dit antwoord? Neem dan eerst contact op met ons.")
	d.named(o.Name, o.Contact)
	d.say("Daarna kunt u een klacht sturen aan de Autoriteit Persoonsgegevens: www.autoriteitpersoonsgegevens.nl. U kunt ook naar de rechter gaan.")
}

// answer is what was answered to a question of the law.
func answer(s exchange.Explained) string {
	return strings.TrimPrefix(strings.TrimSuffix(s.Choice.NL+": "+s.Text.Reveal(), ": "), ": ")
}

func person(p exchange.Person) string {
	var parts []string
	for _, part := range []string{
		p.Name.Reveal(), bornOn(p.Born.Reveal()), p.Address.Reveal(), number(p.BSN), standings[p.Standing],
	} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

func number(b exchange.BSN) string {
	if b.Zero() {
		return ""
	}
	return "BSN " + b.Reveal()
}

func bornOn(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return "geboren op " + day(t)
}

func others(n int) string {
	if n == 1 {
		return "In dit dossier staat nog iemand. Over die persoon vertellen wij u niets."
	}
	return fmt.Sprintf("In dit dossier staan nog %d mensen. Over hen vertellen wij u niets.", n)
}

// passage tells who gave what to whom.
func passage(a exchange.Account, p exchange.Passed, o Organisation) string {
	if len(p.Items) == 0 {
		return fmt.Sprintf("Op %s: %s vroeg iets aan %s.", day(p.At), o.named(p.From), o.named(p.To))
	}
	var names []string
	for _, item := range p.Items {
		name := string(item)
		for _, f := range a.Facts {
			if f.Item == item && f.Name.NL != "" {
				name = f.Name.NL
			}
		}
		names = append(names, name)
	}
	return fmt.Sprintf("Op %s: %s gaf aan %s: %s.", day(p.At), o.named(p.From), o.named(p.To), strings.Join(names, ", "))
}

var conditions = map[exchange.ConditionCode]string{
	exchange.AskFirst:    "Wie het verder wil geven, vraagt eerst toestemming.",
	exchange.AskEachTime: "Wie het verder wil geven, vraagt elke keer toestemming.",
	exchange.OnlyTo:      "Het mag alleen naar bepaalde organisaties.",
	exchange.NotTo:       "Het mag niet naar bepaalde organisaties.",
	exchange.OnlyFor:     "Het mag alleen voor bepaalde doelen worden gebruikt.",
	exchange.NotFor:      "Het mag niet voor bepaalde doelen worden gebruikt.",
	exchange.NoDeeper:    "Wie het verder geeft, vertelt niet meer dan is afgesproken.",
	exchange.AfterTold:   "Het gaat pas verder als u het weet.",
	exchange.OralOnly:    "Het mag alleen in een gesprek worden gedeeld.",
	exchange.NoOnward:    "Het mag niet verder worden gegeven.",
	exchange.DeleteBy:    "Het wordt op een bepaalde dag gewist.",
}

func condition(c exchange.Condition, o Organisation) string {
	text, ok := conditions[c.Code]
	if !ok {
		text = "Er geldt een afspraak van een soort die dit overzicht niet kent: " + string(c.Code) + "."
	}
	var names []string
	for _, p := range c.Parties {
		names = append(names, o.named(p))
	}
	if len(names) > 0 {
		text += " Het gaat om: " + strings.Join(names, ", ") + "."
	}
	if !c.Until.IsZero() {
		text += " Dat is " + day(c.Until) + "."
	}
	return text
}

// article names an article of the Wmo, or of the act that it says.
func article(a string) string {
	if strings.HasSuffix(a, "AVG") {
		return "artikel " + a
	}
	return "artikel " + a + " Wmo 2015"
}

var depths = map[exchange.Depth]string{
	exchange.That: "alleen dat er iets is", exchange.Process: "hoe het loopt", exchange.Content: "de inhoud",
}

var kinds = map[exchange.Category]string{
	exchange.Ordinary: "gewone gegevens", exchange.Health: "gegevens over gezondheid", exchange.OtherSpecial: "bijzondere gegevens",
	exchange.Criminal: "gegevens over strafbare feiten", "": "onbekend",
}

var standings = map[exchange.Standing]string{exchange.Client: "cliënt", exchange.Family: "gezinslid", exchange.Unborn: "ongeboren kind"}

// ends says why nothing was decided.
var ends = map[exchange.Phase]string{
	exchange.Withdrawn: "De vraag is ingetrokken. Er is niets gegeven.",
	exchange.Expired:   "De vraag of het antwoord kwam niet aan. Er is niets gegeven.",
	exchange.Rejected:  "De vraag of het antwoord is niet aangenomen. Er is niets gegeven.",
}

var rulings = map[exchange.RulingOutcome]string{
	exchange.Granted: "Toegewezen", exchange.PartlyGranted: "Voor een deel toegewezen", exchange.PetitionDenied: "Afgewezen",
}

var roles = map[exchange.Role]string{
	exchange.Professional: "professional", exchange.Requester: "aanvrager", exchange.Coordinator: "coördinator",
	exchange.ReportingDesk: "medewerker van het meldpunt", exchange.PrivacyOfficer: "functionaris gegevensbescherming", "": "medewerker",
}
