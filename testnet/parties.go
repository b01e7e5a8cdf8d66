package testnet

import (
	"slices"

	"sluis/exchange"
)

// A Member is an invented organisation on the network.
type Member struct {
	// Key is how stories and commands name it, and its directory.
	Key   string
	Party exchange.Party
	Email string
	Phone string
	Staff []exchange.Actor
}

// capacity returns a capacity of the member and somebody who has one of the
// roles in it: the named one, or the first that has somebody.
func (m Member) capacity(code exchange.CapacityCode, roles ...exchange.Role) (exchange.Capacity, exchange.Actor, bool) {
	for _, c := range m.Party.Capacities {
		if code != "" && c.Code != code {
			continue
		}
		for _, a := range m.Staff {
			a.Hat = c.Code
			if slices.ContainsFunc(roles, func(r exchange.Role) bool { return a.Holds(r, c.Code) }) {
				return c, a, true
			}
		}
	}
	return exchange.Capacity{}, exchange.Actor{}, false
}

// Members lists the organisations of the test network, or those that are
// named. They are invented, their numbers reserved for tests.
func Members(keys ...string) []Member {
	all := []Member{
		municipality(),
		{
			Key: "probation", Email: "info@reclasseringnoord.example", Phone: "+31 85 000 0003",
			Party: organisation("00000099000002002000", "reclassering Noord", exchange.Capacity{
				Code: "probation", Domain: "probation", Task: "service", Regime: exchange.Wjsg, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Criminal},
			}),
			Staff: staff(professional("s.voss", "Sander Vossenberg", "probation"), officer("m.kuipers", "Mirjam Kuipersveld", "probation")),
		},
		{
			Key: "youth-care", Email: "info@delinde.example", Phone: "+31 85 000 0002",
			Party: organisation("00000099000003003000", "jeugdhulp De Linde", exchange.Capacity{
				Code: "youth-care", Domain: "youth-care", Task: "service", Regime: exchange.YouthAct, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Health, exchange.Criminal},
			}),
			Staff: staff(professional("l.terbeek", "Lotte ter Beek", "youth-care"), professional("k.duin", "Kees van Duinzand", "youth-care"),
				officer("y.haan", "Yara de Haan", "youth-care")),
		},
		{
			Key: "housing", Email: "info@thuis.example", Phone: "+31 85 000 0004",
			Party: organisation("00000099000004004000", "woningcorporatie Thuis", exchange.Capacity{
				Code: "housing", Domain: "housing", Task: "service", Regime: exchange.NoSecrecy,
			}),
			Staff: staff(professional("b.smits", "Bram Smitsma", "housing"), officer("t.oude", "Tine Oudeweg", "housing")),
		},
		{
			Key: "police", Email: "info@politie.example", Phone: "+31 85 000 0005",
			Party: organisation("00000099000005005000", "politie, basisteam Voorbeeldstad", exchange.Capacity{
				Code: "police", Domain: "police", Task: "service", Regime: exchange.Wpg, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Criminal},
			}),
			Staff: staff(professional("f.postma", "Femke Postmaster", "police"), officer("j.brink", "Joost Brinkhorst", "police")),
		},
		{
			Key: "school", Email: "info@deregenboog.example", Phone: "+31 85 000 0006",
			Party: organisation("00000099000006006000", "basisschool De Regenboog", exchange.Capacity{
				Code: "education", Domain: "education", Task: "service", Regime: exchange.NoSecrecy, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Health},
			}),
			Staff: staff(professional("n.visser", "Nadia Visserman", "education"), officer("o.laan", "Otto Laanstra", "education")),
		},
		{
			Key: "debt-help", Email: "info@uitdeschuld.example", Phone: "+31 85 000 0007",
			Party: organisation("00000099000007007000", "schuldhulp Uit de Schuld", exchange.Capacity{
				Code: "debt-help", Domain: "debts", Task: "service", Regime: exchange.NoSecrecy, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Health},
			}),
			Staff: staff(professional("r.hoek", "Rosa Hoekstein", "debt-help"), officer("d.berg", "Dirk Bergsluis", "debt-help")),
		},
		{
			Key: "mental-health", Email: "info@ggzdekade.example", Phone: "+31 85 000 0008",
			Party: organisation("00000099000008008000", "ggz De Kade", exchange.Capacity{
				Code: "mental-health", Domain: "mental-health", Task: "service", Regime: exchange.WGBO, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Health},
			}),
			Staff: staff(professional("e.brug", "Esra Brugman", "mental-health"), professional("w.zand", "Wim Zandstrook", "mental-health"),
				officer("a.dijk", "Anouk Dijkgraver", "mental-health")),
		},
	}
	if len(keys) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(m Member) bool { return !slices.Contains(keys, m.Key) })
}

func municipality() Member {
	return Member{
		Key: "municipality", Email: "privacy@voorbeeldstad.example", Phone: "+31 85 000 0001",
		Party: organisation("00000099000001001000", "gemeente Voorbeeldstad",
			exchange.Capacity{
				Code: "investigation", Domain: "investigation", Task: "investigation", Regime: exchange.NoSecrecy, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Health, exchange.OtherSpecial, exchange.Criminal},
			},
			exchange.Capacity{
				Code: "reporting-desk", Domain: "reporting-desk", Task: "reporting-desk", Regime: exchange.NoSecrecy, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Health, exchange.Criminal},
			},
			exchange.Capacity{
				Code: "coordination", Domain: "coordination", Task: "coordination", Regime: exchange.NoSecrecy, MayProcessBSN: true,
				Special: []exchange.Category{exchange.Health, exchange.OtherSpecial, exchange.Criminal},
			},
		),
		Staff: staff(
			exchange.Actor{ID: "i.dewit", Name: exchange.Hide("Iris de Wittebrug"), Roles: []exchange.Grant{
				{Role: exchange.Requester, Capacity: "investigation"},
			}},
			exchange.Actor{ID: "c.maas", Name: exchange.Hide("Corrie Maasdijk"), Roles: []exchange.Grant{
				{Role: exchange.Coordinator, Capacity: "coordination"}, {Role: exchange.Requester, Capacity: "coordination"},
			}},
			exchange.Actor{ID: "g.tol", Name: exchange.Hide("Gerda Tolhuis"), Roles: []exchange.Grant{
				{Role: exchange.ReportingDesk, Capacity: "reporting-desk"},
			}},
			officer("p.vink", "Pieter Vinkenoog", "investigation"),
			exchange.Actor{ID: "h.peil", Name: exchange.Hide("Hanna Peilschaal"), Roles: []exchange.Grant{{Role: exchange.Auditor, Capacity: "investigation"}}},
			exchange.Actor{ID: "b.keers", Name: exchange.Hide("Bas Keersluis"), Roles: []exchange.Grant{{Role: exchange.Administrator, Capacity: "investigation"}}},
		),
	}
}

func organisation(oin exchange.OIN, name string, capacities ...exchange.Capacity) exchange.Party {
	return exchange.Party{OIN: oin, Name: name, Capacities: capacities}
}

func staff(all ...exchange.Actor) []exchange.Actor { return all }

func professional(id exchange.ActorID, name string, in exchange.CapacityCode) exchange.Actor {
	return exchange.Actor{ID: id, Name: exchange.Hide(name), Roles: []exchange.Grant{{Role: exchange.Professional, Capacity: in}}}
}

func officer(id exchange.ActorID, name string, in exchange.CapacityCode) exchange.Actor {
	return exchange.Actor{ID: id, Name: exchange.Hide(name), Roles: []exchange.Grant{{Role: exchange.PrivacyOfficer, Capacity: in}}}
}
