package logboek

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"sluis/durable"
	"sluis/ledger"
)

// A cursor is how far the ledger has been handed over. It stands in a small
// file beside the store and not in it: nothing changes in the store without a
// ledger entry, and an entry per upload would call for the next upload.
type cursor struct {
	Version int    `json:"version"`
	Next    uint64 `json:"next"` // index of the first entry that was not handed over
	// Last is the leaf hash of the entry before it: a ledger that went on from
	// a backup is not the one that was followed.
	Last ledger.Hash `json:"last"`
}

const cursorVersion = 1

// readCursor reads the file. One that is missing or can't be read starts at the
// beginning of the ledger: handing over twice is allowed, skipping is not.
func readCursor(path string) (c cursor, known bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cursor{}, true, nil
	}
	if err != nil {
		return cursor{}, false, err
	}
	if json.Unmarshal(text, &c) != nil || c.Version != cursorVersion {
		return cursor{}, false, nil
	}
	return c, true, nil
}

// write replaces the file so that after a crash it is there whole, old or new.
func (c cursor) write(path string) error {
	c.Version = cursorVersion
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return durable.Replace(path, append(text, '\n'), 0o600)
}
