package exchange

import (
	"fmt"
	"strings"
)

// An OIN is an organisation identification number
// (organisatie-identificatienummer): twenty digits, of which the first eight
// name the register it comes from (OIN-stelsel, Logius).
type OIN string

// TestPrefix starts the OINs that are reserved for test use (OIN-stelsel,
// chapter 6). A register for production must not hold them.
const TestPrefix = "00000099"

// ParseOIN checks the form of an OIN.
func ParseOIN(s string) (OIN, error) {
	if len(s) != 20 || strings.Trim(s, "0123456789") != "" {
		return "", refuse(BadOIN)
	}
	if !strings.HasPrefix(s, "000000") || s[6:8] == "00" {
		return "", refuse(BadOIN)
	}
	return OIN(s), nil
}

// Test reports whether the OIN is reserved for test use.
func (o OIN) Test() bool { return strings.HasPrefix(string(o), TestPrefix) }

// A CapacityCode names a capacity (hoedanigheid) in which an organisation
// acts. The law wants separate bookkeeping per task ("pettenvraagstuk").
type CapacityCode string

// A PartyID names a party: an organisation in one of its capacities. Its text
// form is "OIN:capacity".
type PartyID struct {
	OIN      OIN
	Capacity CapacityCode
}

// ParsePartyID reads the text form of a PartyID.
func ParsePartyID(s string) (PartyID, error) {
	number, capacity, ok := strings.Cut(s, ":")
	if !ok || !isCode(capacity) {
		return PartyID{}, refuse(BadPartyID)
	}
	oin, err := ParseOIN(number)
	if err != nil {
		return PartyID{}, err
	}
	return PartyID{OIN: oin, Capacity: CapacityCode(capacity)}, nil
}

// String is the text form of the party.
func (p PartyID) String() string { return fmt.Sprintf("%s:%s", p.OIN, p.Capacity) }

// MarshalText writes the text form.
func (p PartyID) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the text form.
func (p *PartyID) UnmarshalText(text []byte) error {
	id, err := ParsePartyID(string(text))
	if err != nil {
		return err
	}
	*p = id
	return nil
}

// A Party (partij) is an organisation as the register lists it: the words that
// rules depend on. Its keys and addresses are the register's business.
type Party struct {
	OIN        OIN
	Name       string
	Capacities []Capacity
}

// Capacity returns the capacity with this code.
func (p Party) Capacity(code CapacityCode) (Capacity, bool) {
	for _, c := range p.Capacities {
		if c.Code == code {
			return c, true
		}
	}
	return Capacity{}, false
}

// A Capacity (hoedanigheid) is a task in a domain for which an organisation
// takes part, as the order in council under art. 2.3a.5 Wmo 2015 lists them.
type Capacity struct {
	Code CapacityCode `json:"code"`
	// Domain is the domain of the law to which the task belongs.
	Domain DomainCode `json:"domain"`
	// Task is what the organisation does there; purposes name tasks.
	Task TaskCode `json:"task"`
	// Regime is the confidentiality that binds those who work there.
	Regime Regime `json:"regime"`
	// MayProcessBSN says whether the law lets it process the citizen service
	// number for this task (art. 5.4.2(5)).
	MayProcessBSN bool `json:"mayProcessBsn"`
	// Special lists the categories beyond ordinary data that it may process.
	Special []Category `json:"special,omitempty"`
}

// May reports whether the capacity may process data of the category.
func (c Capacity) May(category Category) bool {
	if category == Ordinary {
		return true
	}
	for _, s := range c.Special {
		if s == category {
			return true
		}
	}
	return false
}

// A DomainCode names a domain of the law, see the data catalogue.
type DomainCode string

// A TaskCode names a task within a domain, such as "investigation",
// "coordination", "reporting-desk" or "service".
type TaskCode string

// A Regime is a statutory regime of confidentiality.
type Regime string

// The regimes of art. 5.4.2 Wmo 2015.
const (
	NoSecrecy Regime = "none"     // art. 5.4.2(1): duty unless weighty reasons
	WGBO      Regime = "wgbo"     // art. 7:457 BW: professional secrecy, art. 5.4.2(2)
	BIG       Regime = "big"      // art. 88 Wet BIG: professional secrecy, art. 5.4.2(2)
	YouthAct  Regime = "jeugdwet" // art. 7.3.11 Jeugdwet: professional secrecy, art. 5.4.2(2)
	Wpg       Regime = "wpg"      // Wet politiegegevens, art. 5.4.2(3)
	Wjsg      Regime = "wjsg"     // Wet justitiële en strafvorderlijke gegevens, art. 5.4.2(3)
	Mayor     Regime = "mayor"    // art. 5.4.2(4): the mayor's own weighing
)

// Regimes lists every regime that a capacity can have.
var Regimes = [...]Regime{NoSecrecy, WGBO, BIG, YouthAct, Wpg, Wjsg, Mayor}

// Secrecy reports whether the regime is one of professional secrecy
// (beroepsgeheim), for which art. 5.4.2(2) prescribes its own weighing.
func (r Regime) Secrecy() bool { return r == WGBO || r == BIG || r == YouthAct }

// isCode reports whether s is a code as catalogues and registers use them:
// lower-case letters, digits, dots, slashes and hyphens, at most 64 bytes,
// starting with a letter, so that no number of a person is a code. Codes stand
// in clear in the ledger, which takes no other.
func isCode(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '.', r == '/':
		default:
			return false
		}
	}
	return true
}
