package logboek

import "sluis/exchange"

// A role is what an event does to the trace that both parties share.
type role int

const (
	within   role = iota // happened here
	issued               // a message of ours went to the partner, who continues the trace
	received             // a message of the partner's was handled: he called
)

// A processing is how the log shows a kind of event that is processing of
// personal data (verwerking).
type processing struct {
	name   string // field name: for people, in Dutch
	role   role
	status Status
	// activity is the code behind the base of the register for entries that
	// have no purpose; the purpose is the code of all others.
	activity string
}

// Activities that are no purpose of the law, and that an organisation lists in
// its register of processing activities beside the purposes.
const (
	caseWork   = "case"       // opening, keeping and reading a case
	retention  = "retention"  // terms, holds, destruction
	searching  = "search"     // looking whether a person is known
	handingOut = "export"     // content for a person of ours
	inspection = "inspection" // content for a regulator
	rights     = "rights"     // what a person asks who uses a right of his (GDPR 15 to 21)
	other      = "other"      // of a kind that this version does not know
)

// processings are the kinds of event that are processing of personal data of
// people whom an exchange or a case is about. A test holds this table and the
// next to the list of kinds: a new kind is a decision.
var processings = map[exchange.EventKind]processing{
	exchange.RequestIssued:      {name: "Verzoek om gegevens verzonden", role: issued, status: Ok},
	exchange.RequestReceived:    {name: "Verzoek om gegevens ontvangen", role: received, status: Ok},
	exchange.WithdrawalIssued:   {name: "Verzoek ingetrokken", role: issued, status: Ok},
	exchange.WithdrawalReceived: {name: "Intrekking van verzoek ontvangen", role: received, status: Ok},
	exchange.QuestionIssued:     {name: "Vraag om uitleg verzonden", role: issued, status: Ok},
	exchange.QuestionReceived:   {name: "Vraag om uitleg ontvangen", role: received, status: Ok},
	exchange.ReplyIssued:        {name: "Uitleg verzonden", role: issued, status: Ok},
	exchange.ReplyReceived:      {name: "Uitleg ontvangen", role: received, status: Ok},
	exchange.StepTaken:          {name: "Stap van de weging gezet", status: Ok},
	exchange.AdviceAsked:        {name: "Advies gevraagd aan functionaris gegevensbescherming", status: Ok},
	exchange.AdviceGiven:        {name: "Advies van functionaris gegevensbescherming vastgelegd", status: Ok},
	exchange.DecisionProposed:   {name: "Beslissing voorgelegd", status: Ok},
	exchange.DecisionReturned:   {name: "Beslissing teruggegeven", status: Ok},
	exchange.DecisionTaken:      {name: "Over verstrekking beslist", status: Ok},
	exchange.AnswerIssued:       {name: "Gegevens verstrekt of geweigerd", role: issued, status: Ok},
	exchange.AnswerReceived:     {name: "Antwoord op verzoek ontvangen", role: received, status: Ok},

	// The other node read the message and refused it: that is no fault of the
	// system that processed (§3.2.2.3), so not Error; nor did it succeed.
	exchange.MessageRejected: {name: "Bericht door de andere partij geweigerd", status: Unset},
	// It did not arrive in time, a technical cause.
	exchange.MessageExpired: {name: "Bericht niet bezorgd", status: Error},

	exchange.PermissionRequestIssued:      {name: "Verzoek om toestemming verzonden", role: issued, status: Ok},
	exchange.PermissionRequestReceived:    {name: "Verzoek om toestemming ontvangen", role: received, status: Ok},
	exchange.PermissionDecided:            {name: "Over toestemming besloten", status: Ok},
	exchange.PermissionIssued:             {name: "Besluit over toestemming verzonden", role: issued, status: Ok},
	exchange.PermissionReceived:           {name: "Besluit over toestemming ontvangen", role: received, status: Ok},
	exchange.PermissionWithdrawalIssued:   {name: "Intrekking van toestemming verzonden", role: issued, status: Ok},
	exchange.PermissionWithdrawalReceived: {name: "Intrekking van toestemming ontvangen", role: received, status: Ok},
	exchange.PassingIssued:                {name: "Gegevens doorverstrekt", role: issued, status: Ok},
	exchange.PassingReceived:              {name: "Doorverstrekte gegevens ontvangen", role: received, status: Ok},
	exchange.NoticeIssued:                 {name: "Bericht van doorverstrekking verzonden", role: issued, status: Ok},
	exchange.NoticeReceived:               {name: "Bericht van doorverstrekking ontvangen", role: received, status: Ok},
	exchange.CorrectionDecided:            {name: "Over correctie besloten", status: Ok},
	exchange.CorrectionIssued:             {name: "Correctie verzonden", role: issued, status: Ok},
	exchange.CorrectionReceived:           {name: "Correctie ontvangen", role: received, status: Ok},
	exchange.ItemsErased:                  {name: "Gegevens gewist op de dag van een voorwaarde", status: Ok, activity: retention},

	exchange.ConferenceOpened:         {name: "Casusoverleg georganiseerd", status: Ok},
	exchange.InvitationIssued:         {name: "Uitnodiging voor casusoverleg verzonden", role: issued, status: Ok},
	exchange.InvitationReceived:       {name: "Uitnodiging voor casusoverleg ontvangen", role: received, status: Ok},
	exchange.ConferenceAnswered:       {name: "Uitnodiging voor casusoverleg beantwoord", status: Ok},
	exchange.ConferenceAnswerIssued:   {name: "Antwoord op uitnodiging verzonden", role: issued, status: Ok},
	exchange.ConferenceAnswerReceived: {name: "Antwoord op uitnodiging ontvangen", role: received, status: Ok},
	exchange.ContributionDecided:      {name: "Over inbreng in casusoverleg beslist", status: Ok},
	exchange.ContributionIssued:       {name: "Gegevens ingebracht in casusoverleg", role: issued, status: Ok},
	exchange.ContributionReceived:     {name: "Inbreng in casusoverleg ontvangen", role: received, status: Ok},
	exchange.AgreementRecorded:        {name: "Afspraak van casusoverleg vastgelegd", status: Ok},
	exchange.ConferenceClosed:         {name: "Casusoverleg gesloten", status: Ok},
	exchange.ClosingIssued:            {name: "Sluiting van casusoverleg verzonden", role: issued, status: Ok},
	exchange.ClosingReceived:          {name: "Sluiting van casusoverleg ontvangen", role: received, status: Ok},
	exchange.ContributionsDestroyed:   {name: "Inbreng van casusoverleg vernietigd", status: Ok},
	exchange.CoordinationEnded:        {name: "Coördinatie beëindigd", status: Ok, activity: caseWork},

	exchange.Viewed:      {name: "Gegevens geraadpleegd", status: Ok, activity: caseWork},
	exchange.CaseOpened:  {name: "Zaak geopend", status: Ok, activity: caseWork},
	exchange.CaseChanged: {name: "Zaak gewijzigd", status: Ok, activity: caseWork},
	exchange.CaseClosed:  {name: "Zaak gesloten", status: Ok, activity: caseWork},

	exchange.MomentRecorded:   {name: "Moment voor de bewaartermijn vastgelegd", status: Ok, activity: retention},
	exchange.HoldPlaced:       {name: "Vernietiging opgeschort", status: Ok, activity: retention},
	exchange.HoldLifted:       {name: "Opschorting van vernietiging beëindigd", status: Ok, activity: retention},
	exchange.DossierDestroyed: {name: "Dossier vernietigd", status: Ok, activity: retention},

	exchange.Searched:         {name: "Naar een persoon gezocht", status: Ok, activity: searching},
	exchange.Exported:         {name: "Gegevens uitgevoerd voor een medewerker", status: Ok, activity: handingOut},
	exchange.PetitionOpened:   {name: "Verzoek van betrokkene geopend", status: Ok, activity: rights},
	exchange.PetitionExtended: {name: "Termijn van verzoek van betrokkene verlengd", status: Ok, activity: rights},
	exchange.PetitionDecided:  {name: "Over verzoek van betrokkene beslist", status: Ok, activity: rights},

	exchange.InspectionGranted: {name: "Gegevens aan een toezichthouder gegeven", status: Ok, activity: inspection},
}

// silent are the kinds that are not, each with why. The standard has no place
// for what staff do (§2.3.4: that belongs in an audit log, here the ledger).
var silent = map[exchange.EventKind]string{
	exchange.Assigned:            "about a colleague's work; what he then reads and decides has lines of its own",
	exchange.ReceiptReceived:     "proof that a message arrived; the message itself has a line",
	exchange.ContributionDrafted: "what a member of staff wrote for himself; what he then says has a line of its own",
	exchange.DraftSaved:          "what a member of staff wrote for himself; what he then sends has a line of its own",
	exchange.StaffChanged:        "about staff",
	exchange.AccountChanged:      "about staff",
	exchange.SignedIn:            "about staff",
	exchange.StaffViewed:         "about staff",
	exchange.RegisterInstalled:   "about organisations",
	exchange.NodeCreated:         "about the node",
	exchange.KeyMade:             "about the node",
	exchange.KeyDestroyed:        "about the node",
	exchange.KeysRewrapped:       "the same data under another key",
	exchange.RootPinned:          "about organisations",
	exchange.LockChanged:         "about the node",
	exchange.DossiersPurged:      "the files of what dossier-destroyed already tells",
	exchange.CheckpointCosigned:  "hashes",
	exchange.CosignatureReceived: "hashes",
	exchange.LedgerAlarm:         "about a partner's ledger",
	exchange.BackupMade:          "a sealed copy of everything, of nobody in particular",
	exchange.LedgerRecovered:     "about the ledger",
	exchange.StorageMigrated:     "the same data in another form",
}

// processingOf looks a kind up. A kind that this version does not know is
// shown: a line too many does less harm than one that is missing (the standard
// forbids sampling).
func processingOf(k exchange.EventKind) (processing, bool) {
	if _, ok := silent[k]; ok {
		return processing{}, false
	}
	if p, ok := processings[k]; ok {
		return p, true
	}
	return processing{name: "Verwerking", status: Unset, activity: other}, true
}
