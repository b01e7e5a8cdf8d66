package server

import "sluis/exchange"

// verdict is the first line of an explanation: whether it was allowed, and what
// came of it. That a request may be made says nothing of the answer.
func verdict(allowed bool, side exchange.Side, phase exchange.Phase) exchange.Sentence {
	if phase == exchange.Rejected {
		return exchange.Sentence{NL: "Het andere knooppunt nam dit niet aan. Dit is er aan de hand:", EN: "The other node did not accept this. Here is why:"}
	}
	if !allowed {
		return exchange.Sentence{NL: "Zo kan dit niet. Dit is er aan de hand:", EN: "This is not possible as it is. Here is why:"}
	}
	if s, ok := courses[side][phase]; ok {
		return s
	}
	return exchange.Sentence{NL: "De wet staat dit toe.", EN: "The law allows this."}
}

var courses = map[exchange.Side]map[exchange.Phase]exchange.Sentence{
	exchange.Asker: {
		exchange.Queued:     {NL: "Het verzoek mag. Het is nog niet aangekomen bij de andere partij.", EN: "The request is allowed. It has not reached the other party yet."},
		exchange.Delivered:  {NL: "Het verzoek mag. De andere partij weegt het nog af.", EN: "The request is allowed. The other party is still weighing it."},
		exchange.Clarifying: {NL: "Het verzoek mag. De andere partij stelde een vraag en wacht op jullie antwoord.", EN: "The request is allowed. The other party asked a question and waits for your reply."},
		exchange.Answered:   {NL: "Het verzoek mocht. De andere partij heeft iets verstrekt.", EN: "The request was allowed. The other party supplied something."},
		exchange.Refused:    {NL: "Het verzoek mocht. De andere partij heeft niets verstrekt; dat mag zij.", EN: "The request was allowed. The other party supplied nothing, as it may."},
		exchange.Withdrawn:  {NL: "Het verzoek mocht. Jullie hebben het ingetrokken.", EN: "The request was allowed. You took it back."},
		exchange.Expired:    {NL: "Het verzoek mocht. Het kwam niet op tijd aan bij de andere partij.", EN: "The request was allowed. It did not reach the other party in time."},
	},
	exchange.Supplier: {
		exchange.Weighing:   {NL: "Het verzoek mag. Een professional moet er nog over besluiten.", EN: "The request is allowed. A professional has to decide on it."},
		exchange.Clarifying: {NL: "Het verzoek mag. Jullie vraag is nog niet beantwoord.", EN: "The request is allowed. Your question is not answered yet."},
		exchange.Proposed:   {NL: "Het verzoek mag. Een tweede professional moet het besluit nog zien.", EN: "The request is allowed. A second professional has to see the decision."},
		exchange.Decided:    {NL: "Het verzoek mocht. Er is besloten en het antwoord is onderweg.", EN: "The request was allowed. It is decided and the answer is on its way."},
		exchange.Answered:   {NL: "Het verzoek mocht. Jullie hebben iets verstrekt, en dat mocht ook.", EN: "The request was allowed. You supplied something, and that was allowed too."},
		exchange.Refused:    {NL: "Het verzoek mocht. Jullie hebben niets verstrekt; dat mag.", EN: "The request was allowed. You supplied nothing, as you may."},
		exchange.Withdrawn:  {NL: "Het verzoek mocht. De andere partij heeft het ingetrokken.", EN: "The request was allowed. The other party took it back."},
		exchange.Expired:    {NL: "Het verzoek mocht. Jullie antwoord kwam niet op tijd aan.", EN: "The request was allowed. Your answer did not arrive in time."},
	},
}

var phaseNames = map[string]exchange.Sentence{
	string(exchange.Queued):     {NL: "nog niet aangekomen", EN: "not arrived yet"},
	string(exchange.Delivered):  {NL: "aangekomen", EN: "arrived"},
	string(exchange.Weighing):   {NL: "nog in afweging", EN: "being decided"},
	string(exchange.Clarifying): {NL: "er staat een vraag open", EN: "a question is open"},
	string(exchange.Proposed):   {NL: "wacht op een tweede professional", EN: "waiting for a second person"},
	string(exchange.Decided):    {NL: "besloten, het antwoord is onderweg", EN: "decided, the answer is on its way"},
	string(exchange.Answered):   {NL: "beantwoord", EN: "answered"},
	string(exchange.Refused):    {NL: "beantwoord, er is niets verstrekt", EN: "answered, nothing was supplied"},
	string(exchange.Withdrawn):  {NL: "ingetrokken", EN: "withdrawn"},
	string(exchange.Expired):    {NL: "niet op tijd aangekomen", EN: "not arrived in time"},
	string(exchange.Rejected):   {NL: "niet aangenomen door de andere node", EN: "not accepted by the other node"},
}

// term is what a person calls a code that no catalogue has a name for, since the
// law itself made it.
func term(what, code string) exchange.Sentence {
	var all map[string]exchange.Sentence
	switch what {
	case "depth", "asked":
		all = map[string]exchange.Sentence{
			string(exchange.That):    {NL: "dat het er is", EN: "that it is there"},
			string(exchange.Process): {NL: "hoe het loopt", EN: "how it goes"},
			string(exchange.Content): {NL: "de inhoud", EN: "the content"},
		}
	case "category":
		all = map[string]exchange.Sentence{
			string(exchange.Ordinary):     {NL: "gewone gegevens", EN: "ordinary data"},
			string(exchange.Health):       {NL: "gegevens over gezondheid", EN: "health data"},
			string(exchange.OtherSpecial): {NL: "andere bijzondere gegevens", EN: "other special categories of data"},
			string(exchange.Criminal):     {NL: "strafrechtelijke gegevens", EN: "criminal data"},
		}
	case "regime":
		all = map[string]exchange.Sentence{
			string(exchange.NoSecrecy): {NL: "geen beroepsgeheim", EN: "no professional secrecy"},
			string(exchange.WGBO):      {NL: "het beroepsgeheim van art. 7:457 BW", EN: "the professional secrecy of art. 7:457 BW"},
			string(exchange.BIG):       {NL: "het beroepsgeheim van art. 88 Wet BIG", EN: "the professional secrecy of art. 88 Wet BIG"},
			string(exchange.YouthAct):  {NL: "het beroepsgeheim van art. 7.3.11 Jeugdwet", EN: "the professional secrecy of art. 7.3.11 Jeugdwet"},
			string(exchange.Wpg):       {NL: "de Wet politiegegevens", EN: "the Police Data Act (Wpg)"},
			string(exchange.Wjsg): {
				NL: "de Wet justitiële en strafvorderlijke gegevens", EN: "the Judicial Data and Criminal Records Act (Wjsg)",
			},
			string(exchange.Mayor): {NL: "de eigen afweging van de burgemeester", EN: "the mayor's own weighing"},
		}
	case "role":
		all = map[string]exchange.Sentence{
			string(exchange.Professional):   {NL: "professional die besluit", EN: "deciding professional"},
			string(exchange.Requester):      {NL: "aanvrager", EN: "requester"},
			string(exchange.Coordinator):    {NL: "coördinator", EN: "coordinator"},
			string(exchange.ReportingDesk):  {NL: "medewerker van het meldpunt", EN: "member of the reporting desk"},
			string(exchange.PrivacyOfficer): {NL: "functionaris gegevensbescherming", EN: "privacy officer"},
			string(exchange.Administrator):  {NL: "beheerder", EN: "administrator"},
			string(exchange.Auditor):        {NL: "toezichthouder", EN: "auditor"},
		}
	case "field":
		all = fieldNames()
	case "phase":
		all = phaseNames
	case "involvement":
		all = map[string]exchange.Sentence{
			string(exchange.InConsultation): {NL: "in samenspraak met de cliënt", EN: "together with the client"},
			string(exchange.Informed):       {NL: "de cliënt weet ervan", EN: "the client knows of it"},
			string(exchange.NotYetInformed): {NL: "de cliënt weet het nog niet", EN: "the client does not know yet"},
			string(exchange.Objected):       {NL: "de cliënt maakte bezwaar", EN: "the client objected"},
		}
	}
	if name, ok := all[code]; ok {
		return name
	}
	return exchange.Sentence{NL: code, EN: code}
}
