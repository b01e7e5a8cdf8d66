package server

import (
	"sluis/api"
	"sluis/exchange"
	"sluis/ledger"
)

// What passes between the API and the product, with its words: see api/words.go.
// A word from outside has been held to the contract before it comes here; a
// code from inside that has no word is a mistake of ours, which a test finds.

func sideOf(s exchange.Side) api.Side       { w, _ := api.SideOf(string(s)); return w }
func phaseOf(p exchange.Phase) api.Phase    { w, _ := api.PhaseOf(string(p)); return w }
func depthOf(d exchange.Depth) api.Depth    { w, _ := api.DepthOf(string(d)); return w }
func roleOf(r exchange.Role) api.Role       { w, _ := api.RoleOf(string(r)); return w }
func regimeOf(r exchange.Regime) api.Regime { w, _ := api.RegimeOf(string(r)); return w }

func standingOf(s exchange.Standing) api.Standing        { w, _ := api.StandingOf(string(s)); return w }
func consentOf(s exchange.ConsentState) api.ConsentState { w, _ := api.ConsentOf(string(s)); return w }

func outcomeOf(o exchange.Outcome) api.Outcome { w, _ := api.OutcomeOf(string(o)); return w }

func conditionOf(c exchange.ConditionCode) api.ConditionKind {
	w, _ := api.ConditionOf(string(c))
	return w
}

func involvementOf(s exchange.InvolvementState) api.InvolvementState {
	w, _ := api.InvolvementOf(string(s))
	return w
}

func categoryOf(c exchange.Category) api.Category { w, _ := api.CategoryOf(string(c)); return w }

// A fieldWord is a field of exchange as this door calls it: its place in the
// document, and what a person calls it.
type fieldWord struct {
	place string
	name  exchange.Sentence
}

// fieldWords has every field that a refusal of exchange can name.
var fieldWords = map[string]fieldWord{
	"advice":      {"/advies", exchange.Sentence{NL: "het advies", EN: "the advice"}},
	"agreed":      {"/ingestemdOp", exchange.Sentence{NL: "de dag waarop hij instemde", EN: "the day on which he agreed"}},
	"asked":       {"/vraag", exchange.Sentence{NL: "wat er wordt gevraagd", EN: "what is asked"}},
	"born":        {"/geboortedatum", exchange.Sentence{NL: "de geboortedatum", EN: "the date of birth"}},
	"broad":       {"/velePartijenOmdat", exchange.Sentence{NL: "waarom zo veel partijen", EN: "why so many parties"}},
	"by":          {"/van", exchange.Sentence{NL: "wie beslist", EN: "who decides"}},
	"id":          {"/kenmerk", exchange.Sentence{NL: "het kenmerk", EN: "the identifier"}},
	"items":       {"/gegevens", exchange.Sentence{NL: "de gegevens", EN: "the items"}},
	"tell":        {"/bericht", exchange.Sentence{NL: "het bericht aan de ander", EN: "what the other is told"}},
	"clientTold":  {"/clientWeetSinds", exchange.Sentence{NL: "de dag waarop de cliënt het hoorde", EN: "the day on which the client was told"}},
	"told":        {"/verteldOp", exchange.Sentence{NL: "de dag waarop het is verteld", EN: "the day on which he was told"}},
	"uses":        {"/keren", exchange.Sentence{NL: "hoe vaak het mag", EN: "how often it may be used"}},
	"bsn":         {"/bsn", exchange.Sentence{NL: "het BSN", EN: "the BSN"}},
	"case":        {"/casus", exchange.Sentence{NL: "de casus", EN: "the case"}},
	"client":      {"/clientToelichting", exchange.Sentence{NL: "of de inwoner is uitgenodigd", EN: "whether the client is invited"}},
	"seats":       {"/genodigden", exchange.Sentence{NL: "de uitgenodigde partijen", EN: "the invited parties"}},
	"ends":        {"/einde", exchange.Sentence{NL: "het einde van het overleg", EN: "the end of the conference"}},
	"who":         {"/wie", exchange.Sentence{NL: "wie het doet", EN: "who does it"}},
	"what":        {"/wat", exchange.Sentence{NL: "wat er gebeurt", EN: "what is done"}},
	"consent":     {"/toestemming", exchange.Sentence{NL: "de toestemming", EN: "the consent"}},
	"contact":     {"/contact", exchange.Sentence{NL: "wie je kunt bellen", EN: "whom to call"}},
	"day":         {"/dag", exchange.Sentence{NL: "de dag", EN: "the day"}},
	"domains":     {"/voorwaarden", exchange.Sentence{NL: "de domeinen", EN: "the domains"}},
	"due":         {"/termijn", exchange.Sentence{NL: "de dag voor het antwoord", EN: "the day for the answer"}},
	"from":        {"/aanleiding/van", exchange.Sentence{NL: "de partij die erom vroeg", EN: "the party that asked for it"}},
	"ground":      {"/grond", exchange.Sentence{NL: "de grond", EN: "the ground"}},
	"identity":    {"/identificatie", exchange.Sentence{NL: "hoe is vastgesteld wie het vraagt", EN: "how it was established who asks"}},
	"involvement": {"/betrokkenheid", exchange.Sentence{NL: "de betrokkenheid van de cliënt", EN: "the client's involvement"}},
	"kind":        {"/soort", exchange.Sentence{NL: "de soort van het verzoek", EN: "the kind of request"}},
	"moment":      {"/moment", exchange.Sentence{NL: "het moment", EN: "the moment"}},
	"name":        {"/naam", exchange.Sentence{NL: "de naam", EN: "the name"}},
	"note":        {"/notitie", exchange.Sentence{NL: "de notitie", EN: "the note"}},
	"on":          {"/op", exchange.Sentence{NL: "de dag", EN: "the day"}},
	"outcome":     {"/uitkomst", exchange.Sentence{NL: "de uitkomst", EN: "the outcome"}},
	"people":      {"/personen", exchange.Sentence{NL: "de personen", EN: "the people"}},
	"person":      {"/persoon", exchange.Sentence{NL: "de persoon", EN: "the person"}},
	"phases":      {"/voorwaarden", exchange.Sentence{NL: "de fasen", EN: "the phases"}},
	"purpose":     {"/doel", exchange.Sentence{NL: "het doel", EN: "the purpose"}},
	"purposes":    {"/voorwaarden", exchange.Sentence{NL: "de doelen", EN: "the purposes"}},
	"question":    {"/tekst", exchange.Sentence{NL: "de vraag", EN: "the question"}},
	"reason":      {"/reden", exchange.Sentence{NL: "de reden", EN: "the reason"}},
	"received":    {"/ontvangenOp", exchange.Sentence{NL: "de dag van ontvangst", EN: "the day of receipt"}},
	"reply":       {"/tekst", exchange.Sentence{NL: "het antwoord op de vraag", EN: "the reply"}},
	"ruling":      {"/oordeel", exchange.Sentence{NL: "het oordeel", EN: "the decision"}},
	"scope":       {"/aanleiding/domeinen", exchange.Sentence{NL: "de afgesproken domeinen", EN: "the domains that were agreed"}},
	"search":      {"/reden", exchange.Sentence{NL: "de reden om te zoeken", EN: "the reason for the search"}},
	"shareWith":   {"/delenMet", exchange.Sentence{NL: "met wie er gedeeld wordt", EN: "with whom it is shared"}},
	"specific":    {"/specifiekDoel", exchange.Sentence{NL: "het specifieke doel", EN: "the specific purpose"}},
	"standing":    {"/rol", exchange.Sentence{NL: "de rol van de persoon", EN: "the person's standing"}},
	"statements":  {"/verklaringen", exchange.Sentence{NL: "de motivering van het verzoek", EN: "the statements of the request"}},
	"subject":     {"/persoon", exchange.Sentence{NL: "de naam of het adres van de persoon", EN: "the person's name or address"}},
	"tasks":       {"/voorwaarden", exchange.Sentence{NL: "de taken", EN: "the tasks"}},
	"text":        {"/toelichting", exchange.Sentence{NL: "de toelichting", EN: "the explanation"}},
	"until":       {"/tot", exchange.Sentence{NL: "de einddag", EN: "the last day"}},
	"weighing":    {"/weging", exchange.Sentence{NL: "hoe het is gewogen", EN: "how it was weighed"}},
	"why":         {"/reden", exchange.Sentence{NL: "de reden", EN: "the reason"}},
	"with":        {"/metWie", exchange.Sentence{NL: "de collega", EN: "the colleague"}},
	"without":     {"/zonder", exchange.Sentence{NL: "wat er niet in komt", EN: "what is left out"}},
}

func fieldNames() map[string]exchange.Sentence {
	all := map[string]exchange.Sentence{}
	for field, word := range fieldWords {
		all[field] = word.name
	}
	return all
}

// each makes a list, never null.
func each[A, B any](all []A, one func(A) B) []B {
	list := make([]B, 0, len(all))
	for _, a := range all {
		list = append(list, one(a))
	}
	return list
}

// plain turns one kind of code into another: both are text.
func plain[B, A ~string](a A) B { return B(a) }

// some is the text of a ledger field, or "" for one that has nothing to say.
func some(text string) string {
	if text == ledger.None {
		return ""
	}
	return text
}

func hashText(h ledger.Hash) api.Digest { return ledger.Digest(h).String() }
