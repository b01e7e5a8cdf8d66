package webhook

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sluis/durable"
	"sluis/exchange"
	"sluis/ledger"
)

// A state is how far a system is: indexes of entries, times and codes only.
type state struct {
	Version int       `json:"version"`
	Next    uint64    `json:"next"`             // first entry that was not looked at
	Refused time.Time `json:"refused,omitzero"` // since when the entry Next is refused
	Aside   []uint64  `json:"aside,omitempty"`  // what was given up
	Again   []uint64  `json:"again,omitempty"`  // what is to be offered again
	Failing time.Time `json:"failing,omitzero"` // since when attempts fail, and why the last did
	Why     string    `json:"why,omitempty"`
}

const stateVersion = 1

// readState reads the file, or begins at the end of the ledger. After a restore
// the ledger may be shorter than what was told of it: what comes now is new.
func readState(path string, size uint64) (state, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return state{Next: size}, nil
	}
	if err != nil {
		return state{}, err
	}
	var s state
	if json.Unmarshal(text, &s) != nil || s.Version != stateVersion {
		return state{}, errors.New("the state of a webhook can't be read; remove the file " + filepath.Base(path) + " to begin with what happens from now on")
	}
	if s.Next > size {
		s.Next, s.Refused, s.Failing, s.Why = size, time.Time{}, time.Time{}, ""
	}
	gone := func(i uint64) bool { return i >= size }
	s.Aside, s.Again = slices.DeleteFunc(s.Aside, gone), slices.DeleteFunc(s.Again, gone)
	return s, nil
}

func (s *state) setAside(index uint64) {
	s.Aside = append(slices.Clone(s.Aside), index)
	if len(s.Aside) > maxAside {
		s.Aside = s.Aside[len(s.Aside)-maxAside:]
	}
}

// write replaces the file so that after a crash it is there whole, old or new.
func (s state) write(path string) error {
	s.Version = stateVersion
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return durable.Replace(path, append(text, '\n'), 0o600)
}

func eventKind(e ledger.Entry) exchange.EventKind { return exchange.EventKind(e.Kind) }
