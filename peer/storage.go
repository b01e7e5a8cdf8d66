package peer

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/store"
)

// steps are the versions of what a node stores. The first stands for version 2;
// a step that was released is never changed, and a new form of a row is a new step.
//
// A number must rise also when rows only gain members: an older program reads
// them, drops what it does not know, and writes the rest back.
var steps = []store.Step{
	// 2: rows hold what programs up to the relays did not know and would drop. None
	// has another form.
	{},
}

// StorageVersion is the version of what this program stores: it opens this one and
// earlier ones, which it leads to this one, and refuses later ones.
func StorageVersion() int { return 1 + len(steps) }

// checkStorage fails with a [store.Newer] for a node that a newer program has run.
// It comes before all else that is read: where the store is of a later version, so may
// the configuration and the keystore be, and what is wrong with those is not the cause.
func checkStorage(dir string) error {
	if v, err := store.VersionOn(filepath.Join(dir, storeDir)); err == nil && v > StorageVersion() {
		return &store.Newer{Found: v, Known: StorageVersion()}
	}
	return nil // whatever else is wrong with it, opening it tells
}

// migration leads the store of an earlier version to this one.
func migration() store.Migration { return store.Migration{Steps: steps, Event: migrated} }

func migrated(m store.Moved) (store.Event, error) {
	part, err := json.Marshal(exchange.PrivatePart{Detail: exchange.Detail{Code: fmt.Sprintf("%d-%d", m.From, m.To), Count: m.Rows}})
	return store.Event{Kind: string(exchange.StorageMigrated), Private: part}, err
}

// isOfVersion reports whether a code with which another node refuses a message
// of ours means that its program does not know such messages. Ours was held to its
// schema before it was signed, so form and kind are wrong only for a reader of
// another version. token-type is how programs said it that came before
// message-unknown-kind.
func isOfVersion(code string) bool {
	switch code {
	case wire.UnknownKind, wire.MessageSchema, crypto.TokenType:
		return true
	}
	return false
}
