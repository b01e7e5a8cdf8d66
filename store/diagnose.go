package store

import (
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"sluis/ledger"
)

// diagnose says what is wrong with a database that does not open.
func diagnose(o badger.Options, signed ledger.Checkpoint, cause error) error {
	return &Inconsistent{File: databaseDir, What: fmt.Sprintf("does not open: %v", cause)}
}
