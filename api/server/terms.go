package server

import "sluis/exchange"

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
	case "involvement":
		all = map[string]exchange.Sentence{
			string(exchange.InConsultation): {NL: "in samenspraak met de inwoner", EN: "together with the client"},
			string(exchange.Informed):       {NL: "de inwoner weet ervan", EN: "the client knows of it"},
			string(exchange.NotYetInformed): {NL: "de inwoner weet het nog niet", EN: "the client does not know yet"},
			string(exchange.Objected):       {NL: "de inwoner maakte bezwaar", EN: "the client objected"},
		}
	}
	if name, ok := all[code]; ok {
		return name
	}
	return exchange.Sentence{NL: code, EN: code}
}
