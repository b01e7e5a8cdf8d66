package sim

import (
	"fmt"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/register"
)

// A villain is a party in the register whose keys are in the wrong hands: it has
// no node, and sends what it likes.
type villain struct {
	world *world
	keys  *crypto.Keys
	entry register.Entry
	heard []heard
}

// heard is what it overheard.
type heard struct {
	protocol string
	bytes    []byte
}

func newVillain(w *world) (*villain, error) {
	keys, err := crypto.GenerateKeys()
	if err != nil {
		return nil, err
	}
	party := exchange.Party{OIN: "00000099000066006000", Name: "stichting Kwaad", Capacities: []exchange.Capacity{{
		Code: "housing", Domain: "housing", Task: "service", Regime: exchange.NoSecrecy,
	}}}
	entry, err := register.EntryOf(keys.Public(), "sluis.invalid/ledger/"+string(party.OIN), party, []string{"/ip4/127.0.0.1/tcp/4999"}, register.Contact{})
	return &villain{world: w, keys: keys, entry: entry}, err
}

func (v *villain) overhear(*node, string, []byte) {}
func (v *villain) act()                           {}

// greets is its answer to who compares registers: it has the newest.
func (v *villain) greets() ([]byte, error) {
	return fmt.Appendf(nil, `{"version":%d}`, v.world.authority.last.Version()), nil
}
